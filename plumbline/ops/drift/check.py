"""One drift check: engine, program, state and lists are read side by side, then joined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.azure.moment import second
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.absorbed import absorbed, asked_otherwise
from plumbline.ops.drift.accepted import acceptance_of, read_acceptances, today
from plumbline.ops.drift.attribution import attributed
from plumbline.ops.drift.classification import CLASSES, Classified, classify
from plumbline.ops.drift.declared_place import with_place
from plumbline.ops.drift.engine_call import exported_state, history, program_plan, refresh_plan
from plumbline.ops.drift.finding import Finding
from plumbline.ops.drift.gated_model import judged_models, model_finding
from plumbline.ops.drift.inventory import LiveThing, live_things
from plumbline.ops.drift.program_wish import with_program
from plumbline.ops.drift.refresh_plan import findings as plan_findings
from plumbline.ops.drift.remedy import remedies
from plumbline.ops.drift.report import Report, ReportedFinding
from plumbline.ops.drift.seen import mark_seen
from plumbline.ops.drift.severity import severity_of
from plumbline.ops.drift.stack_state import StackState, read_state
from plumbline.ops.drift.unmanaged import not_created, role_names, unmanaged_finding
from plumbline.ops.errors import UserError
from plumbline.ops.last_change import LastChange
from plumbline.ops.stack_file import project_root


def check(session: AzureSession, stack: str) -> Report:
    """Compare what is live with the state, the program, and what lies beside them.

    Raises: UserError: a resource, the state or a list cannot be read.
    """
    now = datetime.now(UTC)
    notes: list[str] = []
    with ThreadPoolExecutor(max_workers=4) as pool:
        refreshing = pool.submit(refresh_plan, stack)
        planning = pool.submit(_program, stack)
        exporting = pool.submit(exported_state, stack)
        things, subject = _live(session, notes)
        state = read_state(exporting.result())
        program, problem = planning.result()
        managed = plan_findings(refreshing.result())
    if problem:
        notes.append(f"What the program declares was not compared, because it cannot be run. {problem}")
    group = session.target.workspace_id.partition("/providers/")[0]
    classified = [classify(thing, state, group_id=group, subject=subject) for thing in things]
    judged = judged_models(session, things, notes)
    refused = [forged for pair in judged if (forged := model_finding(*pair))]
    of_models = {(pair[0].id, pair[0].version) for pair in judged}
    strange = [
        one
        for one in classified
        if one.ownership == "unmanaged" and (one.thing.id, one.thing.version) not in of_models
    ]
    roles = role_names(session, [one.thing for one in strange])
    candidates = asked_otherwise(program, managed)
    taken_over = absorbed(session, candidates, state, history(stack)) if candidates else []
    found = [
        *with_program(managed, program),
        *not_created(program, state.resources),
        *refused,
        *(unmanaged_finding(one, roles) for one in strange),
    ]
    changes = [*attributed(session, found, state), *taken_over]
    return _report(stack, changes, state, now=now, counts=_counts(classified, refused), notes=notes)


def _report(
    stack: str,
    changes: list[tuple[Finding, LastChange]],
    state: StackState,
    *,
    now: datetime,
    counts: Mapping[str, int],
    notes: list[str],
) -> Report:
    project = project_root()
    known = read_acceptances(project, stack)
    placed = [(with_place(one, state, project), change) for one, change in changes]
    seen = mark_seen(project, stack, (one.fingerprint for one, _ in placed), now)
    rows = []
    for one, change in placed:
        acceptance = acceptance_of(one, known)
        first, last = seen[one.fingerprint]
        rows.append(
            ReportedFinding(
                finding=one,
                severity=severity_of(one),
                change=change,
                first_seen=first,
                last_seen=last,
                remedies=remedies(one, stack),
                acceptance=acceptance,
                is_accepted=acceptance is not None and acceptance.holds(today()),
            )
        )
    rows.sort(key=lambda row: -row.severity.rank)
    return Report(
        stack=stack,
        checked_at=second(now) or "",
        findings=tuple(rows),
        counts=counts,
        notes=tuple(notes),
    )


def _program(stack: str) -> tuple[dict[str, Any], str | None]:
    try:
        return program_plan(stack), None
    except UserError as error:
        return {}, str(error)


def _live(session: AzureSession, notes: list[str]) -> tuple[list[LiveThing], str]:
    """Everything that is listed, and the object id of the workspace's own identity."""
    workspace = session.get(session.target.workspace_id, api_version=api_version("workspaces"))
    if workspace is None:
        notes.append("What lies beside the code was not listed, because the workspace is not there.")
        return [], ""
    identity = workspace.get("identity") or {}
    return live_things(session), str(identity.get("principalId") or "")


def _counts(classified: list[Classified], refused: list[Finding]) -> dict[str, int]:
    found = Counter(one.ownership for one in classified)
    forged = {(one.resource_id, one.version) for one in refused}
    moved = [one for one in classified if (one.thing.id, one.thing.version) in forged]
    for one in moved:
        found[one.ownership] -= 1
        found["unmanaged"] += 1
    return {name: found[name] for name in CLASSES}
