"""Single recorded facts of the service, from rules.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_TABLE = Path(__file__).with_name("rules.yaml")


def rule(emulator: Emulator, name: str, kind: str = "", *, otherwise: Any = None) -> Any:
    """The value of a rule for a kind, or `otherwise` where nothing is recorded."""
    for line in emulator.recorded.table(_TABLE):
        if line["rule"] == name and (not line.get("kinds") or kind in line["kinds"]):
            return line["value"]
    return otherwise
