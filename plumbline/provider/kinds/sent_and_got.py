"""After a write: is what came back what was sent? Over the rule table's `echo` and `plumbline.azure.holding`.

Azure's own form of a value says nothing. What was lost (sent, and not there, or another value) is an error in every run
until both sides agree. What Azure added of its own accord is a warning once, and remembered as acknowledged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.assets import FieldChange, canonical_text
from plumbline.azure.holding import Holding, holding
from plumbline.azure.live_version import LiveVersion
from plumbline.azure.normalisation import MISSING
from plumbline.provider.codec import Properties
from plumbline.provider.table import property_rows


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Differences, by what they mean.

    Attributes:
        errors: What was lost, one line each.
        warnings: What Azure added, one line each.
        acknowledged: Canonical JSON of what Azure added, None when it added nothing.
        lost: Canonical JSON of what was lost: dotted path -> what was sent; None when nothing was.
    """

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    acknowledged: str | None = None
    lost: str | None = None


def held(
    kind: str, inputs: Mapping[str, Any], live: LiveVersion, *, acknowledged: str | None = None
) -> Holding:
    """Hold a live version against the inputs of a resource.

    Args:
        acknowledged: The output of that name.
    """
    known = json.loads(acknowledged or "{}").get("spec")
    return holding(
        kind,
        json.loads(inputs["spec"]),
        live,
        content_hash=inputs.get("contentHash"),
        version=inputs.get("version"),
        acknowledged=known
        if isinstance(known, dict)
        else None,  # older states hold a whole spec, errors in it
    )


def compare(kind: str, sent: Properties, got: LiveVersion, *, leave: tuple[str, ...] = ()) -> Verdict:
    """Compare inputs with the live object that acknowledged them.

    Args:
        leave: Properties that another call settles.
    """
    found = held(kind, sent, got)
    changes = [*_of_spec(found), *_of_values(kind, sent, got, leave)]
    lost = [change for change in changes if _is_lost(kind, change)]
    added = [change for change in changes if not _is_lost(kind, change)]
    # A part that Azure hides was sent by this very call: what stands in its place is its address.
    shown = {path: _at(got.spec, path) for path in found.hidden}
    return Verdict(
        errors=tuple(_error(sent, change) for change in lost),
        warnings=tuple(_warning(sent, change) for change in added),
        acknowledged=_acknowledged(got, added, {path: value for path, value in shown.items() if value}),
        lost=canonical_text(dict(_kept(sent, change) for change in lost)) if lost else None,
    )


def still_lost(lost: str | None, live: LiveVersion) -> str | None:
    """What of the output `lost` is lost to this day."""
    left = {
        path: value
        for path, value in json.loads(lost or "{}").items()
        if _live_value(path, live, value) != value
    }
    return canonical_text(left) if left else None


def lost_lines(where: str, lost: str | None) -> Iterator[str]:
    """The same, a line each."""
    for path, value in sorted(json.loads(lost or "{}").items()):
        yield f"{where}: {path}: got another value than {_shown(value)}, which was sent: Azure has not kept it."


def _is_lost(kind: str, change: FieldChange) -> bool:
    """Sent and not there; or there as another value, where the echo is known to be faithful."""
    row = property_rows(kind)[change.path.partition(".")[0]]
    return change.old is not MISSING and (change.new is MISSING or row.echo == "faithful")


def _kept(sent: Properties, change: FieldChange) -> tuple[str, Any]:
    """A path that can be looked up later, and what was sent there: of a list's item, the list."""
    path, bracket, _ = change.path.partition("[")
    return path, _at(json.loads(sent["spec"]), path.partition(".")[2]) if bracket else change.old


def _live_value(path: str, live: LiveVersion, sent: Any) -> Any:
    head, _, rest = path.partition(".")
    if head == "spec":
        return _at(live.spec, rest)
    if not rest:
        return live.differing(head, sent)
    return next((value.get(rest) for value in live.values[head] if value.get(rest) != sent), sent)


def _of_spec(found: Holding) -> list[FieldChange]:
    return [
        FieldChange(path=f"spec.{change.path}", old=change.old, new=change.new)
        for change in found.differences
    ]


def _of_values(kind: str, sent: Properties, got: LiveVersion, leave: tuple[str, ...]) -> list[FieldChange]:
    changes = []
    for name, row in property_rows(kind).items():
        if name not in got.values or name in leave or row.echo == "none":
            continue
        given = sent.get(name)
        expected = row.checked_in if given in (None, "") else given
        value = got.differing(name, expected)
        if value == expected:
            continue
        if row.type == "string_map":
            befores, afters = expected or {}, value or {}
            changes += [
                FieldChange(path=f"{name}.{key}", old=befores.get(key, MISSING), new=afters.get(key, MISSING))
                for key in sorted({*befores, *afters})
                if befores.get(key) != afters.get(key)
            ]
        else:
            changes.append(FieldChange(path=name, old=expected, new=value))
    return changes


def _acknowledged(got: LiveVersion, added: list[FieldChange], shown: Mapping[str, Any]) -> str | None:
    """By property: of the spec a mapping of dotted path -> value, of a mutable one its value."""
    found: dict[str, Any] = {}
    for change in added:
        head, _, rest = change.path.partition(".")
        if head == "spec":
            found.setdefault("spec", {})[rest] = change.new
        else:
            found[head] = got.differing(head, None)
    if shown:
        found["spec"] = {**found.get("spec", {}), **shown}
    return canonical_text(found) if found else None


def _at(spec: Any, dotted: str) -> Any:
    for name in dotted.split("."):
        spec = spec.get(name, MISSING) if isinstance(spec, Mapping) else MISSING
    return spec


def _error(sent: Properties, change: FieldChange) -> str:
    head = change.path.partition(".")[0]
    hidden = head in sent.secrets
    step = "Correct the definition, or put it right where it lives, and run up again: it comes back until both agree."
    return (
        f"{_where(sent)}: {change.path}: got {_shown(change.new, hidden=hidden)} back, expected "
        f"{_shown(change.old, hidden=hidden)} as sent. {step}"
    )


def _warning(sent: Properties, change: FieldChange) -> str:
    head = change.path.partition(".")[0]
    hidden = head in sent.secrets
    return (
        f"{_where(sent)}: {change.path}: got {_shown(change.new, hidden=hidden)} back, expected "
        f"{_shown(change.old, hidden=hidden)} as sent; taken as acknowledged."
    )


def _where(sent: Properties) -> str:
    return f"{sent['name']}:{sent['version']}" if sent.get("version") else str(sent["name"])


def _shown(value: Any, *, hidden: bool = False) -> str:
    if hidden:
        return "[secret]"
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 200 else f"{text[:197]}..."
