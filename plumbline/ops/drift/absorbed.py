"""Changes behind the code that the state took for its own: a refresh, or an update that broke off after one, wrote them there.

From then on the engine's refresh finds nothing, and only the program says otherwise. So do fields whose code changed and was not
applied yet: what tells the two apart is whether the newest write happened within one of the stack's own updates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from plumbline.azure.moment import moment
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.attribution import attributed
from plumbline.ops.drift.finding import Finding, noun_of
from plumbline.ops.drift.refresh_plan import HIDDEN, differences
from plumbline.ops.drift.stack_state import StackState
from plumbline.ops.last_change import CLOCKS, LastChange

_READS_ONLY = frozenset({"refresh", "preview"})
NOTE = "the state holds it too: a refresh or an interrupted update took it over"


def asked_otherwise(plan: Mapping[str, Any], known: Sequence[Finding]) -> list[Finding]:
    """Fields that the program asks for otherwise than the state has them.

    A resource that has findings already is left out: they explain its newest write.

    Args:
        plan: `pulumi preview --json` against the state.
    """
    taken = {one.urn for one in known}
    found = []
    for step in plan.get("steps", ()):
        old = step.get("oldState") or {}
        if step["op"] not in {"update", "replace", "create-replacement"} or not old.get("id"):
            continue
        urn = str(step["urn"])
        found += [
            Finding(
                change="changed",
                noun=noun_of(str(old["type"])),
                resource=urn.rpartition("::")[2],
                urn=urn,
                type=str(old["type"]),
                resource_id=str(old["id"]),
                field=field,
                desired=desired,
                last_known=live,
                live=live,
                version=(old.get("outputs") or {}).get("version"),
            )
            for field, live, desired in differences(step)
            if urn not in taken and live != HIDDEN
        ]
    return found


def absorbed(
    session: AzureSession,
    candidates: Sequence[Finding],
    state: StackState,
    history: Sequence[Mapping[str, Any]],
) -> list[tuple[Finding, LastChange]]:
    """Those of the candidates that were changed outside of the stack's own updates, with who did it."""
    # Both are told in whole seconds; only an emulator has this machine's clock.
    slack = timedelta(seconds=1) if session.target.is_emulated else CLOCKS
    unwritten = replace(state, resources={}) if candidates else state
    return [
        (one, replace(change, note=NOTE))
        for one, change in attributed(session, candidates, unwritten)
        if (when := moment(change.when)) is not None and not is_own(when, history, slack=slack)
    ]


def is_own(when: datetime, history: Sequence[Mapping[str, Any]], *, slack: timedelta) -> bool:
    """Whether a moment lies within an update of the stack."""
    for entry in history:
        begun = moment(entry.get("startTime"))
        if entry.get("kind") in _READS_ONLY or begun is None:
            continue
        ended = moment(entry.get("endTime"))
        if begun - slack <= when and (ended is None or when <= ended + slack):
            return True
    return False
