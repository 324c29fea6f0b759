"""Azure Resource Graph's change records beside the activity log: who, where the log is silent, and where the two disagree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from plumbline.azure.activity_log import Operation
from plumbline.azure.api_versions import api_version
from plumbline.azure.change_record import (
    AT_ONCE,
    DETECTED_WITHIN,
    PATH,
    SYSTEM,
    ChangeRecord,
    question,
    records,
    table_of,
)
from plumbline.azure.moment import moment, second
from plumbline.ops.actor import actor_of_record
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.attribution import attributed, named
from plumbline.ops.drift.finding import Finding
from plumbline.ops.drift.stack_state import StackState
from plumbline.ops.errors import UserError
from plumbline.ops.last_change import LastChange, subscription_of

SOURCE = "change record"
# Of other sources (the state, storage) nobody's request is known to be the cause.
_FIRST = frozenset({"activity log", "systemData"})
_PAGE = 1000


@dataclass(frozen=True, kw_only=True)
class Testimony:
    """What the change records say.

    Attributes:
        records: Resource's id in lower case -> its records, the newest first.
        refusal: Why they could not be read, None when they could.
    """

    records: Mapping[str, Sequence[ChangeRecord]] = field(default_factory=dict)
    refusal: str | None = None


def testimony(session: AzureSession, resource_ids: Iterable[str]) -> Testimony:
    """The change records of those resources whose type has any; asked in few questions, however many resources."""
    by_table: dict[str, set[str]] = {}
    for one in resource_ids:
        if (table := table_of(one)) is not None:
            by_table.setdefault(table, set()).add(one)
    questions = [
        question(table, sorted(found)[start : start + AT_ONCE])
        for table, found in by_table.items()
        for start in range(0, len(found), AT_ONCE)
    ]
    asked = (one for found in by_table.values() for one in found)
    subscriptions = sorted({subscription_of(session, one) for one in asked})

    def answered(text: str) -> list[Mapping[str, object]]:
        return _answered(session, text, subscriptions)

    try:
        answers = session.side_by_side(answered, questions) if questions else []
    except UserError as error:
        return Testimony(refusal=str(error))
    by_resource: dict[str, list[ChangeRecord]] = {}
    for record in records(row for rows in answers for row in rows):
        by_resource.setdefault(record.resource_id, []).append(record)
    return Testimony(records=by_resource)


def witnessed(
    session: AzureSession, findings: Sequence[Finding], state: StackState, remarks: list[str]
) -> list[tuple[Finding, LastChange]]:
    """Each finding with its change, in their order; both witnesses are asked at the same time.

    Args:
        remarks: Is told when the second one could not be asked: the first one's word is worth no less then.
    """
    asked = [one.resource_id for one in findings if one.resource_id and one.version is None]
    with ThreadPoolExecutor(max_workers=1) as pool:
        asking = pool.submit(testimony, session, asked)
        first = attributed(session, findings, state)
        told = asking.result()
    if told.refusal is not None:
        remarks.append(
            f"Azure Resource Graph's change records were not read, so that the activity log alone says who. {told.refusal}"
        )
    # Detection on an emulator lies a moment behind the write, and its clock is this machine's.
    detected_within = timedelta(seconds=1) if session.target.is_emulated else DETECTED_WITHIN
    return [
        (
            one,
            named(
                joined(
                    change,
                    told.records.get(one.resource_id.lower(), ()),
                    own_write=state.own_write(one.urn),
                    detected_within=detected_within,
                ),
                state,
            )
            if change.source in _FIRST
            else change,
        )
        for one, change in first
    ]


def joined(
    found: LastChange,
    told: Sequence[ChangeRecord],
    *,
    own_write: datetime | None,
    detected_within: timedelta = DETECTED_WITHIN,
) -> LastChange:
    """What the first witness says, with the second one's word where it is silent or says otherwise. Pure.

    Args:
        told: Records of the resource, the newest first.
        own_write: When the stack itself wrote it last: its own record is not the change.
        detected_within: How much later than a write its record may be.
    """
    newest = next(
        (one for one in told if not _is_own(one, found.log, own_write, detected_within)),
        None,
    )
    if newest is None:
        return found
    if found.who is None:
        return LastChange(
            who=newest.changed_by,
            when=second(newest.detected_at),
            source=SOURCE,
            by=actor_of_record(newest),
            note="the activity log does not have it",
            log=found.log,
        )
    if newest.changed_by == SYSTEM or not _contradicts(newest, found):
        return found
    said = f"{found.source}: {found.who}, {found.when}; {SOURCE}: {newest.changed_by}, {second(newest.detected_at)}"
    note = f"the records disagree: {said}"
    return replace(found, note=f"{found.note}; {note}" if found.note else note)


def _is_own(
    record: ChangeRecord, log: Sequence[Operation], own_write: datetime | None, detected_within: timedelta
) -> bool:
    """Whether a record is of the stack's own last write, or of something before it."""
    if own_write is None:
        return False
    operation = _operation_of(record, log)
    if operation is not None:
        return operation.at <= own_write
    if record.detected_at > own_write + detected_within:
        return False
    # In between it may be either; another name than that of the stack's own writer is not the stack.
    writer = next((one for one in log if one.at <= own_write), None)
    return record.detected_at <= own_write or writer is None or _names(record, writer)


def _contradicts(record: ChangeRecord, found: LastChange) -> bool:
    operation = _operation_of(record, found.log)
    if operation is not None:
        newest = found.log[0] if found.log else None
        return operation == newest and not _names(record, operation)
    when = moment(found.when)
    if when is None or record.detected_at <= when:
        return False
    if found.log:
        return not _names(record, found.log[0])
    # systemData may show a display name: only two sign-in names can be compared.
    who = found.who or ""
    return "@" in who and "@" in record.changed_by and who.lower() != record.changed_by.lower()


def _operation_of(record: ChangeRecord, log: Sequence[Operation]) -> Operation | None:
    return next(
        (one for one in log if one.correlation_id and one.correlation_id == record.correlation_id), None
    )


def _names(record: ChangeRecord, operation: Operation) -> bool:
    """Whether a record names who made an operation; an application by whichever of its ids."""
    of_application = [] if operation.is_person else [operation.client_id]
    known = {one.lower() for one in (operation.caller, operation.object_id, *of_application) if one}
    return record.changed_by.lower() in known


def _answered(session: AzureSession, text: str, subscriptions: Sequence[str]) -> list[Mapping[str, object]]:
    rows: list[Mapping[str, object]] = []
    following: str | None = None
    while True:
        options = {"resultFormat": "objectArray", "$top": _PAGE}
        if following:
            options["$skipToken"] = following
        body = {"subscriptions": list(subscriptions), "query": text, "options": options}
        answer = session.send("POST", PATH, api_version=api_version("resource_graph"), body=body).json()
        rows += answer.get("data") or []
        following = answer.get("$skipToken")
        if not following:
            return rows
