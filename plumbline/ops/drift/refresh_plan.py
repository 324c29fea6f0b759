"""The engine's refresh plan, field by field, as findings. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plumbline.assets import changes
from plumbline.ops.drift.finding import WHOLE, Change, Finding, noun_of

LOST = "not kept by Azure"
HIDDEN = "[secret]"  # what the engine prints in place of a secret value
_STEP = re.compile(r"""\["(?P<quoted>(?:[^"\\]|\\.)*)"\]|\[(?P<index>\d+)\]|(?P<name>[^.\[\]]+)""")


def findings(plan: Mapping[str, Any]) -> list[Finding]:
    """Every difference that `pulumi refresh --preview-only --json` planned, in the order of the stack."""
    found = []
    for step in plan.get("steps", ()):
        old = step.get("oldState") or {}
        if not old.get("custom") or not old.get("id") or old.get("type", "").startswith("pulumi:"):
            continue
        change: Change = "changed"
        if step["op"] == "delete":
            change = "deleted"
            pairs: Iterator[tuple[str, Any, Any]] = iter([(WHOLE, "present", "deleted")])
        else:
            pairs = _with_lost(step, differences(step))
        found += [
            Finding(
                change="not kept" if live == LOST else change,
                noun=noun_of(old["type"]),
                resource=str(step["urn"]).rpartition("::")[2],
                urn=step["urn"],
                type=old["type"],
                resource_id=old["id"],
                field=field,
                desired=desired,
                last_known=desired,
                live=live,
                version=(old.get("outputs") or {}).get("version"),
            )
            for field, desired, live in pairs
        ]
    return found


def differences(step: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Path, old and new value of every input that a step of a plan changes."""
    old, new = step.get("oldState") or {}, step.get("newState") or {}
    for path in sorted(step.get("detailedDiff") or {}):
        keys = split_path(path)
        desired, live = value_at(old.get("inputs") or {}, keys), value_at(new.get("inputs") or {}, keys)
        if desired == live == HIDDEN and step["detailedDiff"][path].get("inputDiff"):
            # The engine hides both sides, so that only its word says that they differ.
            yield path, HIDDEN, f"{HIDDEN}, another one"
            continue
        if desired == live:
            # What the program asks for stands in the inputs; a path that is only in the outputs is the service's.
            desired, live = value_at(old.get("outputs") or {}, keys), value_at(new.get("outputs") or {}, keys)
        if desired == live:
            continue
        if keys == ["spec"] and isinstance(desired, str) and isinstance(live, str):
            # A definition travels as one JSON text; people think in its fields.
            for change in changes(json.loads(desired), json.loads(live)):
                yield change.path, change.old, change.new
        else:
            yield path, desired, live


def _with_lost(
    step: Mapping[str, Any], pairs: Iterator[tuple[str, Any, Any]]
) -> Iterator[tuple[str, Any, Any]]:
    """What Azure has not kept of what was sent stays a finding after a refresh has taken the live value into the state."""
    named = set()
    for pair in pairs:
        named.add(pair[0])
        yield pair
    lost = ((step.get("newState") or {}).get("outputs") or {}).get("lost")
    if not isinstance(lost, str) or lost == HIDDEN:
        return
    for path, sent in json.loads(lost).items():
        field = path.removeprefix("spec.")
        if not any(name == field or name.startswith(f"{field}[") for name in named):
            yield field, sent, LOST


def split_path(path: str) -> list[str | int]:
    """The keys of a property path as the engine writes it: `a.b[0]["c.d"]`."""
    keys: list[str | int] = []
    for match in _STEP.finditer(path):
        if match["quoted"] is not None:
            keys.append(json.loads(f'"{match["quoted"]}"'))
        else:
            keys.append(int(match["index"]) if match["index"] is not None else match["name"])
    return keys


def value_at(document: Mapping[str, Any], keys: Sequence[str | int]) -> Any:
    """What stands at a path; None for nothing."""
    value: Any = document
    for key in keys:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
