"""The file that holds a plan: the engine's update plan, what it would do, and what it rests on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plumbline.azure.moment import second
from plumbline.ops.errors import UserError
from plumbline.ops.plan.basis import Basis
from plumbline.ops.review.planned_change import PlannedChange

SCHEMA = "plumbline.plan/1"


@dataclass(frozen=True, kw_only=True)
class SavedPlan:
    """A plan that was read from its file."""

    stack: str
    commit: str
    made_at: str
    basis: Mapping[str, Any]
    changes: tuple[Mapping[str, str], ...]
    engine_plan: Mapping[str, Any]


def write_plan(
    path: Path,
    *,
    stack: str,
    commit: str,
    basis: Basis,
    changes: Sequence[PlannedChange],
    engine_plan: Mapping[str, Any],
) -> None:
    """Write a plan. What is secret in the engine's plan is encrypted with the stack's own key."""
    body = {
        "schema": SCHEMA,
        "stack": stack,
        "commit": commit,
        "madeAt": second(datetime.now(UTC)),
        "basis": basis.document(),
        "changes": [planned(change) for change in changes],
        "enginePlan": engine_plan,
    }
    path.write_text(json.dumps({**body, "digest": _digest(body)}, indent=1), encoding="utf-8")


def read_plan(path: Path) -> SavedPlan:
    """Read a plan.

    Raises: UserError: no file, no plan, or one that was edited.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        body = {name: value for name, value in document.items() if name != "digest"}
        if document["schema"] != SCHEMA or document["digest"] != _digest(body):
            raise UserError(
                f"{path}: got a plan of another form, or one that was edited, expected {SCHEMA} as it was written. "
                "Plan again: plumbline review --save-plan"
            )
        return SavedPlan(
            stack=document["stack"],
            commit=document["commit"],
            made_at=document["madeAt"],
            basis=document["basis"],
            changes=tuple(document["changes"]),
            engine_plan=document["enginePlan"],
        )
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UserError(
            f"{path}: got no plan ({type(error).__name__}: {error}), expected what plumbline review --save-plan wrote."
        ) from error


def planned(change: PlannedChange) -> dict[str, str]:
    """One change as a plan holds it: the digest is over every field, before and after."""
    moved = [[field.path, field.old, field.new] for field in change.fields]
    return {
        "urn": change.urn,
        "action": change.action,
        "digest": _digest([moved, change.desired if change.action == "create" else None]),
    }


def changed_plan(before: Sequence[Mapping[str, str]], now: Sequence[PlannedChange]) -> list[str]:
    """Which changes are not those of the plan, one line each, by resource."""
    old = {row["urn"]: row for row in before}
    new = {change.urn: planned(change) for change in now}
    lines = []
    for urn in sorted({*old, *new}):
        if old.get(urn) != new.get(urn):
            name = urn.rpartition("::")[2]
            got = new[urn]["action"] if urn in new else "no change"
            expected = old[urn]["action"] if urn in old else "no change"
            same = ", with other values" if got == expected else ""
            lines.append(f"{name}: got {got}{same}, expected the plan's {expected}")
    return lines


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
