"""The rule table: `fields.yaml`, read once, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from plumbline.kinds import KINDS, VERSIONED

_WORDS: Mapping[str, tuple[str, ...]] = {
    "assets": tuple(VERSIONED),
    "objects": tuple(name for name, kind in KINDS.items() if kind.lifecycle == "object"),
}
"""Words of the table that stand for several kinds."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True)
class PropertyRow:
    """A property of one kind: its type, who gives it, what a change of it means, how far its echo is to be trusted."""

    name: str
    type: Literal["string", "boolean", "integer", "number", "strings", "string_map", "object"]
    role: Literal["input", "output", "both"]
    required: bool
    change: Literal["replace", "update", "never"]
    echo: Literal["faithful", "unknown", "none"]
    checked_in: Any
    reason: str
    description: str

    @property
    def is_input(self) -> bool:
        """Whether the program may give it."""
        return self.role != "output"

    @property
    def is_output(self) -> bool:
        """Whether the state's outputs hold it."""
        return self.role != "input"


@cache
def property_rows(kind: str) -> Mapping[str, PropertyRow]:
    """Property (wire name) -> its row, for one kind, in the table's order."""
    found = {}
    for name, row in _document()["properties"].items():
        required = row.get("required", False)
        if kind in _kinds_of(row["kinds"]):
            found[name] = PropertyRow(
                name=name,
                type=row["type"],
                role=row["role"],
                required=required is True or (isinstance(required, list) and kind in _kinds_of(required)),
                change=row["change"],
                echo=row["echo"],
                checked_in=row.get("checked_in"),
                reason=row["reason"],
                description=row["description"],
            )
    return found


def _kinds_of(value: str | list[str]) -> tuple[str, ...]:
    if value == "all":
        return tuple(KINDS)
    words = [value] if isinstance(value, str) else value
    return tuple(kind for word in words for kind in _WORDS.get(word, (word,)))


@cache
def _document() -> dict[str, Any]:
    text = Path(__file__).with_name("fields.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.load(text, Loader=_LOADER)  # noqa: S506 - CSafeLoader or SafeLoader
    return document
