"""Diff: what changed between two sets of inputs, and what it means, over the rule table. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from plumbline.azure.holding import holding
from plumbline.azure.live_version import LiveVersion
from plumbline.kinds import KINDS, ArmObject
from plumbline.provider.codec import is_known
from plumbline.provider.table import PropertyRow, property_rows

Action = Literal["replace", "update"]
Form = Literal["add", "delete", "update"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference of one property, with what it leads to and why.

    Attributes:
        path: Wire name; for a map with the key (`tags.owner`), as the engine writes property paths.
        old: Value before, None if there was none.
        new: Value after, None if there is none; UNKNOWN in a preview.
    """

    path: str
    form: Form
    action: Action
    old: Any
    new: Any
    reason: str


def diff(
    kind: str, olds: Mapping[str, Any], news: Mapping[str, Any], *, unsettled: Iterable[str] = ()
) -> tuple[Change, ...]:
    """List the changes from old inputs to new ones.

    A property that only repeats another one (`contentHash` repeats `spec`) is not listed; nor are paths. Two specs of one
    content hash are one definition, and so are a schedule and what Azure makes of it: what was imported shows another
    form than what was written.

    Args:
        unsettled: Dotted paths that Azure has not kept, or keeps in two places that disagree; each is a change, so that every
            run tries again and says so.
    """
    rows = {name: row for name, row in property_rows(kind).items() if row.is_input}
    olds, news = _normal_fields(kind, olds), _normal_fields(kind, news)
    differing = {name for name, row in rows.items() if _normal(row, olds) != _normal(row, news)}
    if "spec" in differing and _same_content(kind, olds, news):
        differing.discard("spec")
    differing |= {path.partition(".")[0] for path in unsettled}
    changes: list[Change] = []
    for name, row in rows.items():
        if name not in differing or row.change == "never":
            continue
        changes += _changes(row, olds.get(name), news.get(name))
    return tuple(changes)


def _normal_fields(kind: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values of an object in the form that program and body have in common: what was imported says it as Azure does."""
    descriptor = KINDS[kind]
    if not isinstance(descriptor, ArmObject):
        return values
    fields = descriptor.fields
    return {
        name: fields[name].normal(value) if name in fields and is_known(value) else value
        for name, value in values.items()
    }


def content_changed(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Say whether new inputs ask for another version than the old ones."""
    return any(olds.get(name) != news.get(name) for name in ("version", "contentHash"))


def _same_content(kind: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    if KINDS[kind].is_versioned:
        hashes = [olds.get("contentHash"), news.get("contentHash")]
        return is_known(hashes) and hashes[0] is not None and hashes[0] == hashes[1]
    if not is_known([olds.get("spec"), news.get("spec")]):
        return False
    taken = LiveVersion(spec=json.loads(olds["spec"]), code_hash=None, values={})
    return holding(kind, json.loads(news["spec"]), taken).holds


def _normal(row: PropertyRow, values: Mapping[str, Any]) -> Any:
    value = values.get(row.name)
    return row.checked_in if value is None else value


def _changes(row: PropertyRow, old: Any, new: Any) -> list[Change]:
    action: Action = "replace" if row.change == "replace" else "update"
    if row.type in ("string_map", "object") and is_known(old) and is_known(new):
        return list(changes_by_key(row, row.name, old or {}, new or {}, action)) or [
            _change(row, row.name, old, new, action)
        ]
    return [_change(row, row.name, old, new, action)]


def changes_by_key(
    row: PropertyRow, path: str, befores: Mapping[str, Any], afters: Mapping[str, Any], action: Action
) -> Iterator[Change]:
    """A change a key, at any depth."""
    for key in sorted({*befores, *afters}):
        old, new = befores.get(key), afters.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from changes_by_key(row, f"{path}{_key(key)}", old, new, action)
        elif old != new:
            yield _change(row, f"{path}{_key(key)}", old, new, action)


def _change(row: PropertyRow, path: str, old: Any, new: Any, action: Action) -> Change:
    form: Form = "add" if old is None else "delete" if new is None else "update"
    return Change(path=path, form=form, action=action, old=old, new=new, reason=row.reason)


def _key(key: str) -> str:
    # The engine's property paths quote a key that is no plain word.
    if key.replace("_", "a").isalnum() and not key[0].isdigit():
        return f".{key}"
    quoted = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'["{quoted}"]'
