"""After a write: is what came back what was sent? Over the rule table's `echo`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from plumbline.assets import canonical_text, changes
from plumbline.provider.codec import Properties
from plumbline.provider.kinds.live import LiveObject
from plumbline.provider.table import property_rows


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Differences, by what they mean.

    Attributes:
        errors: A value whose echo is faithful came back changed.
        warnings: A value whose echo is not known came back changed.
        acknowledged: Canonical JSON of what came back where it differs, None when nothing does.
    """

    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    acknowledged: str | None


def compare(kind: str, sent: Properties, got: LiveObject, *, leave: tuple[str, ...] = ()) -> Verdict:
    """Compare inputs with the live object that acknowledged them.

    Args:
        leave: Properties that another call settles.
    """
    errors: list[str] = []
    warnings: list[str] = []
    acknowledged: dict[str, Any] = {}
    where = f"{sent['name']}:{sent['version']}" if "version" in sent else str(sent["name"])
    if got.spec != sent["spec"]:
        acknowledged["spec"] = got.spec
        errors += [
            f"{where}: spec.{change.path}: got {_shown(change.new, hidden='spec' in sent.secrets)} back, expected "
            f"{_shown(change.old, hidden='spec' in sent.secrets)} as sent. The version is registered; look at it in "
            "the studio, correct the definition, and run up again."
            for change in changes(sent["spec"], got.spec)
        ]
    for name, row in property_rows(kind).items():
        if name not in got.values or name in leave or row.echo == "none":
            continue
        given = sent.get(name)
        expected = row.checked_in if given in (None, "") else given
        value = got.differing(name, expected)
        if value == expected:
            continue
        acknowledged[name] = value
        hidden = name in sent.secrets
        text = f"{where}: {name}: got {_shown(value, hidden=hidden)} back, expected {_shown(expected, hidden=hidden)}"
        if row.echo == "faithful":
            errors.append(f"{text} as sent. Run pulumi refresh to see what is live, then up.")
        else:
            warnings.append(f"{text} as sent; taken as acknowledged. {row.reason}")
    return Verdict(
        errors=tuple(errors),
        warnings=tuple(warnings),
        acknowledged=canonical_text(acknowledged) if acknowledged else None,
    )


def _shown(value: Any, *, hidden: bool) -> str:
    if hidden:
        return "[secret]"
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 200 else f"{text[:197]}..."
