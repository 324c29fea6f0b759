"""The rule table: `fields.yaml`, read once, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from plumbline.azure.api_versions import api_version

ASSET_KINDS = ("environment", "component", "data", "model")
PACKAGE = "plumbline"

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True)
class KindRow:
    """A resource kind: its type token, and where Azure keeps it."""

    kind: str
    token: str
    collection: str
    api_version: str
    source: str
    description: str

    @property
    def noun(self) -> str:
        """The class that programs use, for instance `DataAsset`."""
        return self.token.rsplit(":", 1)[1]


@dataclass(frozen=True, kw_only=True)
class PropertyRow:
    """A property of one kind: its type, who gives it, what a change of it means, how far its echo is to be trusted."""

    name: str
    type: Literal["string", "boolean", "strings", "string_map"]
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
def kind_rows() -> Mapping[str, KindRow]:
    """Kind -> its row, in the table's order."""
    rows = _document()["kinds"]
    return {
        kind: KindRow(
            kind=kind,
            api_version=api_version(row["collection"]),
            **{key: str(value) for key, value in row.items()},
        )
        for kind, row in rows.items()
    }


@cache
def property_rows(kind: str) -> Mapping[str, PropertyRow]:
    """Property (wire name) -> its row, for one kind, in the table's order."""
    found = {}
    for name, row in _document()["properties"].items():
        if kind in _kinds_of(row["kinds"]):
            found[name] = PropertyRow(
                name=name,
                type=row["type"],
                role=row["role"],
                required=row.get("required", False),
                change=row["change"],
                echo=row["echo"],
                checked_in=row.get("checked_in"),
                reason=row["reason"],
                description=row["description"],
            )
    return found


def kind_of_token(token: str) -> str | None:
    """The kind of a type token, None when the provider has no such type."""
    return next((row.kind for row in kind_rows().values() if row.token == token), None)


def _kinds_of(value: str | list[str]) -> tuple[str, ...]:
    if value == "all":
        return (*ASSET_KINDS, "schedule")
    return ASSET_KINDS if value == "assets" else tuple(value)


@cache
def _document() -> dict[str, Any]:
    text = Path(__file__).with_name("fields.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.load(text, Loader=_LOADER)  # noqa: S506 - CSafeLoader or SafeLoader
    return document
