"""Refusals of requests about assets, in the words of asset_errors.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from plumbline.emulator.errors import AzureError, not_modelled

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_TABLE = Path(__file__).with_name("asset_errors.yaml")


def refusal(emulator: Emulator, case: str, kind: str, **values: str) -> AzureError | None:
    """The refusal of a case; None where nothing says that the service refuses it."""
    for line in emulator.recorded.table(_TABLE):
        if line["case"] == case and (not line.get("kinds") or kind in line["kinds"]):
            return _made(line, {"kind": kind, **values})
    return None


def not_found(
    emulator: Emulator, kind: str, name: str, version: str = "", *, place_id: str = ""
) -> AzureError:
    """A container (or, with a version, a version) that is not there.

    Args:
        place_id: The workspace or registry that was asked. Of Microsoft's public registries only the curated
            environments are kept here: whether the rest is there cannot be said.
    """
    public = "/registries/" in place_id.lower() and not any(
        place_id.lower().startswith(f"/subscriptions/{one}") for one in emulator.settings.subscriptions
    )
    if public and kind != "environments":
        return not_modelled("GET", f"{place_id}/{kind}/{name}")
    case = "version_missing" if version else "container_missing"
    found = refusal(emulator, case, kind, name=name, version=version)
    assert found is not None, "the table has a line for every kind"
    return found


def _made(line: dict[str, Any], values: dict[str, str]) -> AzureError:
    details = [
        {
            "code": detail["code"],
            "message": detail["message"].format(**values),
            "details": [],
            "additionalInfo": [],
        }
        for detail in line.get("details", [])
    ]
    return AzureError(
        line["status"],
        "UserError",
        line["message"].format(**values),
        details=details,
        inner=line.get("inner", ()),
    )
