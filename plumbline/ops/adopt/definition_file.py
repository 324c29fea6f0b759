"""The az ml YAML of what is live, as text that people go on with. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from plumbline.assets import az_ml_mapping, canonical_text, is_content_version
from plumbline.assets.command_job import is_command_job
from plumbline.assets.references import parse_reference
from plumbline.kinds import YamlKind
from plumbline.ops.adopt.live_asset import LiveAsset

_FILES = "sha256:"
FOLDER = PurePosixPath("pipelines")
ASSETS = FOLDER / "adopted"
CODE = "src"


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks."""


_Dumper.add_representer(
    str,
    lambda dumper, value: dumper.represent_scalar(
        "tag:yaml.org,2002:str", value, style="|" if "\n" in value else None
    ),
)


def definition_path(asset: LiveAsset) -> PurePosixPath:
    """Where a definition goes, relative to the project."""
    if asset.version is None:
        return schedule_folder(asset.name) / "schedule.yml"
    assert isinstance(asset.kind, YamlKind)
    folder = ASSETS / asset.kind.folders[0]
    # Code lies beside the file.
    return (
        folder / asset.name / f"{asset.kind.stems[0]}.yml"
        if asset.kind.code_paths
        else folder / f"{asset.name}.yml"
    )


def schedule_folder(name: str) -> PurePosixPath:
    """A schedule's folder: its pipeline is in it."""
    plain = "".join(letter if letter.isalnum() else "_" for letter in name.lower()).strip("_")
    return FOLDER / (plain if plain[:1].isalpha() else f"schedule_{plain}")


def why_not(asset: LiveAsset) -> str | None:
    """Why something live cannot be written as YAML that gives it again; None when it can."""
    spec = asset.live.spec
    if asset.version is None:
        job = (asset.body.get("properties") or {}).get("action") or {}
        kind = str((job.get("jobDefinition") or {}).get("jobType") or "")
        return (
            None
            if kind in ("Pipeline", "Command")
            else f"it starts neither a pipeline nor a command job ({kind or 'none that Azure shows'})"
        )
    if asset.kind.name == "component" and spec.get("type") == "pipeline":
        return "Azure does not show the steps of a pipeline component: register it from its own file"
    if asset.kind.name == "environment" and spec.get("build"):
        return "Azure keeps no hash of a build context: register it from its own folder"
    return None


def definition_text(asset: LiveAsset, *, code: str | None) -> str:
    """The YAML of an asset.

    Args:
        code: Where its downloaded files lie, relative to the file.
    """
    assert asset.version is not None
    values = _shown(asset)
    mapping = az_ml_mapping(
        asset.kind.name,
        name=asset.name,
        # A model's versions are counted, and equal content is found: one that is written down would not move on.
        version=None
        if is_content_version(asset.version) or asset.kind.lifecycle == "counted"
        else asset.version,
        spec=_with_code(asset.live.spec, code),
        display_name=values.get("displayName"),
        description=values.get("description"),
        tags=values.get("tags"),
    )
    return dumped(mapping)


def schedule_texts(asset: LiveAsset, *, code: str | None) -> dict[str, str]:
    """`schedule.yml` of a schedule, and `pipeline.yml` or, of a command job, `job.yml`.

    Args:
        code: Where a command job's downloaded files lie, relative to the file.
    """
    values = _shown(asset)
    head = {
        "name": asset.name,
        "display_name": values.get("displayName"),
        "description": values.get("description"),
        "tags": values.get("tags"),
    }
    spec = asset.live.spec
    file = "job.yml" if is_command_job(spec["create_job"]) else "pipeline.yml"
    schedule = {name: value for name, value in head.items() if value} | {
        "trigger": spec["trigger"],
        "create_job": f"./{file}",
    }
    return {"schedule.yml": dumped(schedule), file: dumped(_with_code(spec["create_job"], code))}


def pins_text(references: set[str]) -> str:
    """`pins.yaml`: references to versions that are not adopted, each standing for itself."""
    head = "# Versions that definitions here point to and that others register.\n"
    return head + dumped({"pins": {text: text for text in sorted(references)}})


def foreign_references(asset: LiveAsset, adopted: set[tuple[str, str]]) -> set[str]:
    """References of a definition to versions of this workspace that are not adopted."""
    found = set()
    for text in _texts(json.loads(canonical_text(asset.live.spec))):
        address = parse_reference(text)
        if address is None or not address.exact or address.registry or address.curated:
            continue
        if (address.name, str(address.version)) not in adopted:
            found.add(str(address))
    return found


def dumped(value: Mapping[str, Any]) -> str:
    """A mapping as YAML, keys as they come."""
    plain = json.loads(json.dumps(value))
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


def _shown(asset: LiveAsset) -> dict[str, Any]:
    """What may change in place; Azure keeps some of it in two places, of which one may be empty."""
    return {
        name: next((value for value in found if value), None) for name, found in asset.live.values.items()
    }


def _with_code(spec: Mapping[str, Any], code: str | None) -> dict[str, Any]:
    """The spec with a path where it has the hash of files."""

    def put(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: put(inner) for name, inner in value.items()}
        return code if code and isinstance(value, str) and value.startswith(_FILES) else value

    found: dict[str, Any] = put(json.loads(canonical_text(spec)))
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
