"""AssetKind: what one kind of versioned asset allows, read from asset_kinds.yaml."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from plumbline.emulator.errors import AzureError

_TABLE = Path(__file__).with_name("asset_kinds.yaml")
_EVERY_KIND = "every_kind"
_SHORT_PATH_MARK = "/datastores/"


@dataclass(frozen=True, kw_only=True)
class AssetKind:
    """One row of the table. `collection` is the path segment: codes, environments, components, data, models."""

    collection: str
    changeable: tuple[str, ...]
    required: tuple[str, ...]
    filled: Mapping[str, Any]
    any_case: frozenset[str]

    def check_required(self, properties: Mapping[str, Any]) -> None:
        """Refuse a new version that lacks what it is made of. Raises: AzureError: 400 UserError."""
        missing = [path for path in self.required if _at(properties, path) in (None, "")]
        if missing:
            fields = ", ".join(missing)
            raise AzureError(
                400, "UserError", f"The request is invalid. Missing required fields: {fields}.", fields
            )

    def changed(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
        """Paths of content that differ between two versions in the form in which they are answered."""
        old, new = self._content(before), self._content(after)
        return sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))

    def changes_freely(self, path: str) -> bool:
        """Whether a PUT on an existing version may change this path."""
        return any(path == free or path.startswith(f"{free}.") for free in self.changeable)

    def _content(self, properties: Mapping[str, Any]) -> dict[str, str]:
        leaves = {path: value for path, value in _leaves(properties) if not self.changes_freely(path)}
        for path, value in self.filled.items():
            leaves.setdefault(path, _text(value))
        return {path: text.lower() if path in self.any_case else text for path, text in leaves.items()}


def collections() -> tuple[str, ...]:
    """Every path segment that the table has a row for."""
    return tuple(name for name in _table() if name != _EVERY_KIND)


@cache
def asset_kind(collection: str) -> AssetKind:
    """The kind of a path segment. Raises: KeyError: for a segment that the table does not have."""
    table = _table()
    row = table[collection]
    everywhere = table[_EVERY_KIND]["changeable"]
    return AssetKind(
        collection=collection,
        changeable=tuple(entry["path"] for entry in [*everywhere, *row["changeable"]]),
        required=tuple(row["required"]),
        filled=row["filled"],
        any_case=frozenset(row.get("any_case", ())),
    )


@cache
def _table() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.load(_TABLE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return loaded


def without_nulls(value: Any) -> Any:
    """A deep copy without null members: azure-ai-ml cannot read some of them back."""
    if isinstance(value, Mapping):
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_nulls(member) for member in value]
    return copy.copy(value)


def _at(properties: Mapping[str, Any], path: str) -> Any:
    value: Any = properties
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Scalars with their paths; nulls and empty collections say nothing, so they are left out."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _leaves(member, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _leaves(member, f"{path}.{index}")
    elif value is not None:
        yield path, _text(value)


def _text(value: Any) -> str:
    """One spelling for a scalar: the wire has numbers and booleans now as such, now as strings."""
    text = str(value)
    if text.lower() in {"true", "false"}:
        return text.lower()
    # The service answers a datastore path in its long form; both name the same place.
    if text.startswith("azureml://subscriptions/") and _SHORT_PATH_MARK in text:
        return "azureml://datastores/" + text.split(_SHORT_PATH_MARK, 1)[1]
    if text.startswith(("azureml:/subscriptions/", "/subscriptions/")):
        # ARM ids are the same in any case, with or without the client's prefix.
        return text.removeprefix("azureml:").lower()
    return text
