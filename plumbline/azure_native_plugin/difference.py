"""Differences: of the program's inputs (diff), and of what is live from what was (refresh)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from plumbline.azure_native_plugin.table import ResourceType
from plumbline.azure_native_plugin.values import is_empty, is_unknown, same

Kind = Literal["add", "delete", "update"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One differing field."""

    path: str
    kind: Kind
    replaces: bool


def changes(
    resource: ResourceType, *, old: Mapping[str, Any], new: Mapping[str, Any], state: Mapping[str, Any]
) -> list[Change]:
    """What differs between the inputs that were applied and those that are wanted, field by field.

    A replacing input that is newly named with the value that the resource has already does not replace it.
    """
    found = []
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if name == "location" and _location(before) == _location(after):
            continue
        if name in resource.path_parameters and _scope(before) == _scope(after):
            continue
        replaces = name in resource.replacing
        if before is None and same(state.get(name), after):
            replaces = False
        found += [
            Change(path=path, kind=kind, replaces=replaces) for path, kind in _fields(before, after, name)
        ]
    return found


def _fields(before: Any, after: Any, path: str) -> Iterator[tuple[str, Kind]]:
    if same(before, after) and not is_unknown(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from _fields(before.get(name), after.get(name), _member(path, name))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            one = before[index] if index < len(before) else None
            other = after[index] if index < len(after) else None
            yield from _fields(one, other, f"{path}[{index}]")
    elif is_empty(before):
        yield path, "add"
    elif is_empty(after):
        yield path, "delete"
    else:
        yield path, "update"


def _member(path: str, name: str) -> str:
    plain = name.replace("_", "").replace("-", "").isalnum()
    return f"{path}.{name}" if plain else f'{path}["{name}"]'


def _location(value: Any) -> Any:
    return value.replace(" ", "").lower() if isinstance(value, str) else value


def _scope(value: Any) -> Any:
    return value.strip("/").lower() if isinstance(value, str) and "/" in value else value


def refreshed(inputs: Mapping[str, Any], *, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with what changed behind the program's back.

    Inputs cannot be read from a service: it answers its defaults too. So what the service answered before
    (`old`, projected to inputs) is compared with what it answers now (`new`), and only what moved is taken
    over; where it moved to what the inputs say already, they stay as they are.
    """
    result = dict(inputs)
    for name in {*old, *new}:
        before, after = old.get(name), new.get(name)
        if same(before, after, ordered=False) or (
            name == "location" and _location(before) == _location(after)
        ):
            continue
        if name in inputs and same(inputs[name], after, ordered=False):
            continue
        if is_empty(after):
            result.pop(name, None)
        elif before is None and not after:
            continue  # a default that was late: false, 0 and "" are what is not set
        else:
            result[name] = _merged(inputs.get(name), before, after)
    return result


def _merged(value: Any, before: Any, after: Any) -> Any:
    if (
        isinstance(before, Mapping)
        and isinstance(after, Mapping)
        and (value is None or isinstance(value, Mapping))
    ):
        return refreshed(value or {}, old=before, new=after)
    if isinstance(value, list) and isinstance(before, list) and isinstance(after, list):
        return [
            _merged(value[index], before[index], item)
            if index < min(len(value), len(before)) and not same(before[index], item, ordered=False)
            else value[index]
            if index < min(len(value), len(before))
            else item
            for index, item in enumerate(after)
        ]
    return after
