"""Where two JSON documents differ, by dotted path, in the order in which a reader meets it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What a list's entries are called after; the first that all of them have.
_NAMES = ("name", "metric", "input")
_MOST = 160


class _Absent:
    """A part that one side does not have; null is a value."""


ABSENT = _Absent()


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One part that differs: `metrics.gini: got 0.5, expected 0.3`."""

    path: str
    got: Any
    expected: Any

    def __str__(self) -> str:
        return f"{self.path}: got {_shown(self.got)}, expected {_shown(self.expected)}"


def differences(got: Any, expected: Any, path: str = "") -> Iterator[Difference]:
    """Every part that differs, down to the single value; equal in type too: 1 is not true.

    Args:
        path: Where both stand in their document.
    """
    if _same(got, expected):
        return
    if isinstance(got, Mapping) and isinstance(expected, Mapping):
        yield from _by_name(got, expected, path)
        return
    if _is_list(got) and _is_list(expected):
        ours, theirs = _named(got), _named(expected)
        if ours is not None and theirs is not None:
            found = list(_by_name(ours, theirs, path))
            yield from found or [Difference(path=path, got=list(ours), expected=list(theirs))]
            return
        if len(got) == len(expected):
            for at, (one, other) in enumerate(zip(got, expected, strict=True)):
                yield from differences(one, other, _below(path, at))
            return
    yield Difference(path=path, got=got, expected=expected)


def _by_name(got: Mapping[str, Any], expected: Mapping[str, Any], path: str) -> Iterator[Difference]:
    for name in dict.fromkeys([*expected, *got]):
        yield from differences(got.get(name, ABSENT), expected.get(name, ABSENT), _below(path, name))


def _below(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)


def _named(items: Sequence[Any]) -> dict[str, Any] | None:
    """Entries under their names, None when they have none or share one."""
    for key in _NAMES:
        if items and all(isinstance(one, Mapping) and isinstance(one.get(key), str) for one in items):
            found = {one[key]: one for one in items}
            return found if len(found) == len(items) else None
    return None


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _same(got: Any, expected: Any) -> bool:
    if got is ABSENT or expected is ABSENT:
        return got is expected
    return json.dumps(got, sort_keys=True) == json.dumps(expected, sort_keys=True)


def _shown(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= _MOST:
        return text
    return f"{len(value)} entries" if isinstance(value, list | tuple | dict) else f"{text[:_MOST]}..."
