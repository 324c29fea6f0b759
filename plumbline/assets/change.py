"""Field-level differences between two canonical specs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MISSING = None
"""A field that one side lacks shows as None; a canonical spec never holds a null."""


@dataclass(frozen=True, kw_only=True, order=True)
class FieldChange:
    """One field that differs: ``inputs.learning_rate.default: 0.1 -> 0.2``."""

    path: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.path}: {_shown(self.old)} -> {_shown(self.new)}"


def changes(old: Mapping[str, Any] | str, new: Mapping[str, Any] | str) -> list[FieldChange]:
    """What differs between two specs, by dotted path, sorted; nothing for equal ones.

    Lists compare by natural key: packages of a conda file by their name, other lists of plain values as sets of
    values when both sides have no double. A moved item is a change only where order means something
    (``conda_file.channels``).

    Args:
        old: Canonical spec, as mapping or JSON text.
        new: The same.
    """
    before = json.loads(old) if isinstance(old, str) else old
    after = json.loads(new) if isinstance(new, str) else new
    return sorted(_differences(before, after, ""), key=lambda change: change.path)


def _differences(old: Any, new: Any, path: str) -> Iterator[FieldChange]:
    if _same(old, new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            here = f"{path}.{key}" if path else str(key)
            yield from _differences(old.get(key, MISSING), new.get(key, MISSING), here)
        return
    if isinstance(old, list) and isinstance(new, list):
        keyed_old, keyed_new = _keyed(old), _keyed(new)
        if keyed_old is not None and keyed_new is not None and keyed_old != keyed_new:
            for key in sorted({*keyed_old, *keyed_new}):
                yield from _differences(
                    keyed_old.get(key, MISSING), keyed_new.get(key, MISSING), f"{path}[{key}]"
                )
            return
    yield FieldChange(path=path, old=old, new=new)


def _same(old: Any, new: Any) -> bool:
    """Equal in value and in type: 1 is not True here."""
    return json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)


def _keyed(items: list[Any]) -> dict[str, Any] | None:
    """Items under their natural key, None when two share one."""
    keys = [_natural_key(item) for item in items]
    return dict(zip(keys, items, strict=True)) if len(set(keys)) == len(keys) else None


def _natural_key(item: Any) -> str:
    if isinstance(item, str):
        return _package(item)
    if isinstance(item, Mapping):
        if "name" in item:
            return str(item["name"])
        if len(item) == 1:
            return f"{next(iter(item))}:"
    return json.dumps(item, sort_keys=True)


def _package(text: str) -> str:
    """``scikit-learn==1.5`` -> ``scikit-learn``; text that is no requirement stands for itself."""
    for at, char in enumerate(text):
        if char in "=<>!~ [;":
            return text[:at] or text
    return text


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
