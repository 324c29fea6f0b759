"""One drift check: engine, program, state and lists are read side by side, then joined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from plumbline.assets.lock import lock_path
from plumbline.azure.api_versions import api_version
from plumbline.azure.moment import second
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.absorbed import absorbed
from plumbline.ops.drift.accepted import acceptance_of, read_acceptances, today
from plumbline.ops.drift.archived_version import archived_findings
from plumbline.ops.drift.classification import CLASSES, Classified, classify
from plumbline.ops.drift.declared_place import with_place
from plumbline.ops.drift.engine_call import exported_state, history
from plumbline.ops.drift.finding import Finding
from plumbline.ops.drift.gated_model import judged_models, model_finding
from plumbline.ops.drift.inventory import LiveThing, live_things
from plumbline.ops.drift.managed_check import managed_check
from plumbline.ops.drift.other_stacks import grants_of_other_stacks
from plumbline.ops.drift.remedy import remedies
from plumbline.ops.drift.report import Report, ReportedFinding
from plumbline.ops.drift.second_witness import witnessed
from plumbline.ops.drift.seen import mark_seen
from plumbline.ops.drift.severity import severity_of
from plumbline.ops.drift.stack_state import StackState, read_state
from plumbline.ops.drift.stored_bytes import overwritten
from plumbline.ops.drift.unmanaged import role_names, unmanaged_finding
from plumbline.ops.last_change import LastChange
from plumbline.ops.stack_file import project_root


def check(session: AzureSession, stack: str, *, deep: bool = False) -> Report:
    """Compare what is live with the state, the program, and what lies beside them.

    Args:
        deep: Download and hash the code and data that schedules pin, too.
    Raises: UserError: a resource, the state or a list cannot be read.
    """
    now = datetime.now(UTC)
    notes: list[str] = []
    document = exported_state(stack)
    state = read_state(document)
    with ThreadPoolExecutor(max_workers=1) as pool:
        managing = pool.submit(managed_check, session, stack, document, state)
        things, pinned, subject = _live(session, stack, notes, deep=deep)
        archived = list(archived_findings(things, state))
        things = [one for one in things if one.version is None or not one.is_archived]
        judged = judged_models(session, things, notes)
        managed = managing.result()
    if managed.problem:
        notes.append(
            f"What the program declares was not compared, because it cannot be run. {managed.problem}"
        )
    group = session.target.resource_group_id
    of_others = grants_of_other_stacks(stack, things, state, notes)
    classified = [
        classify(thing, state, group_id=group, subject=subject, of_others=of_others) for thing in things
    ]
    refused = [forged for pair in judged if (forged := model_finding(*pair))]
    of_models = {(pair[0].id, pair[0].version) for pair in judged}
    strange = [
        one
        for one in classified
        if one.ownership == "unmanaged" and (one.thing.id, one.thing.version) not in of_models
    ]
    roles = role_names(session, [one.thing for one in strange])
    found = [
        *managed.findings,
        *archived,
        *pinned,
        *refused,
        *(unmanaged_finding(one, roles) for one in strange),
    ]
    if deep:
        found += overwritten(session, things, state, notes)
    taken_over = absorbed(session, managed.candidates, state, history(stack)) if managed.candidates else []
    remarks: list[str] = []
    changes = [*witnessed(session, found, state, remarks), *taken_over]
    return _report(
        stack, changes, state, now=now, counts=_counts(classified, refused), notes=notes, remarks=remarks
    )


def _report(
    stack: str,
    changes: list[tuple[Finding, LastChange]],
    state: StackState,
    *,
    now: datetime,
    counts: Mapping[str, int],
    notes: list[str],
    remarks: list[str],
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
        remarks=tuple(remarks),
    )


def _live(
    session: AzureSession, stack: str, notes: list[str], *, deep: bool
) -> tuple[list[LiveThing], list[Finding], str]:
    """Everything that is listed, what a registry does not hold as locks pin it, and the object id of the platform's own identity."""
    if session.target.registry_name:
        return _in_registry(session, session.target.registry_name, notes, deep=deep)
    found = _of_lock(session, stack, notes, deep=deep)
    workspace = session.get(session.target.workspace_id, api_version=api_version("workspaces"))
    if workspace is None:
        notes.append("What lies beside the code was not listed, because the workspace is not there.")
        return [], found, ""
    return live_things(session), found, _subject(workspace)


def _of_lock(session: AzureSession, stack: str, notes: list[str], *, deep: bool) -> list[Finding]:
    """What the registry does not hold of what the stack's lock pins: its program could not be run with it."""
    project = project_root()
    if not lock_path(project, stack).exists():
        return []
    from plumbline.ops.drift.published import lock_findings

    return lock_findings(session, stack, project=project, downloads=deep, notes=notes)


def _in_registry(
    session: AzureSession, name: str, notes: list[str], *, deep: bool
) -> tuple[list[LiveThing], list[Finding], str]:
    from plumbline.ops.drift.published import pin_findings, pinned_in, registry_things
    from plumbline.ops.promotion.registry import registry_named

    path = f"{session.target.resource_group_id}/providers/Microsoft.MachineLearningServices/registries/{name}"
    body = session.get(path, api_version=api_version("ml_registries"))
    if body is None:
        notes.append("What lies in the registry was not listed, because it is not there.")
        return [], [], ""
    registry, project = registry_named(session, name), project_root()
    things = [*registry_things(session, registry), *live_things(session)]
    pinned = pinned_in(project, name, notes)
    found = pin_findings(session, registry, pinned, project=project, downloads=deep, notes=notes)
    return things, found, _subject(body)


def _subject(body: Mapping[str, Any]) -> str:
    return str((body.get("identity") or {}).get("principalId") or "")


def _counts(classified: list[Classified], refused: list[Finding]) -> dict[str, int]:
    found = Counter(one.ownership for one in classified)
    forged = {(one.resource_id, one.version) for one in refused}
    moved = [one for one in classified if (one.thing.id, one.thing.version) in forged]
    for one in moved:
        found[one.ownership] -= 1
        found["unmanaged"] += 1
    return {name: found[name] for name in CLASSES}
