"""Who made each finding's change, when, and by what; resources are asked about side by side, each once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from plumbline.azure.moment import moment, second
from plumbline.ops.actor import actor_of_type
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.drift.finding import Finding
from plumbline.ops.drift.stack_state import StackState
from plumbline.ops.last_change import NOT_KEPT, LastChange, change_in_log, last_change

_BLOBS = LastChange(
    who=None,
    when=None,
    source="storage",
    unknown_because="no record that this command reads says who writes blobs: the storage account's own logs may",
)
_NEVER_THERE = LastChange(
    who=None, when=None, source="the state", unknown_because="nobody changed it: it was never created"
)

_WITHOUT_RECORD = {"not kept": NOT_KEPT, "not created": _NEVER_THERE, "overwritten": _BLOBS}


def attributed(
    session: AzureSession, findings: Sequence[Finding], state: StackState
) -> list[tuple[Finding, LastChange]]:
    """Each finding with its change, in their order."""
    asked = {_key(one): one for one in findings if one.change not in _WITHOUT_RECORD}
    made = session.side_by_side(lambda one: _change(session, one, state), list(asked.values()))
    by_key = dict(zip(asked, made, strict=True))
    return [(one, _known(one, by_key)) for one in findings]


def _known(one: Finding, by_key: Mapping[tuple[str, str | None], LastChange]) -> LastChange:
    return _WITHOUT_RECORD.get(one.change) or by_key[_key(one)]


def _key(one: Finding) -> tuple[str, str | None]:
    return one.resource_id.lower(), one.version


def _change(session: AzureSession, one: Finding, state: StackState) -> LastChange:
    if one.is_managed:
        found = last_change(
            session,
            resource_type=one.type,
            resource_id=one.resource_id,
            version=one.version,
            deleted=one.is_deleted,
            own_write=state.own_write(one.urn),
        )
    else:
        found = _by_stamp(session, one)
    return named(found, state)


def named(found: LastChange, state: StackState) -> LastChange:
    """A change by one of the stack's own identities, by that identity's name."""
    name = state.identities.get((found.who or "").lower())
    return replace(found, by=f"managed identity {name}") if name else found


def _by_stamp(session: AzureSession, one: Finding) -> LastChange:
    # What nobody declared was made; what is the stack's own was changed.
    verb = "created" if one.ownership == "unmanaged" else "lastModified"
    stamp = one.stamp or {}
    who, when = stamp.get(f"{verb}By"), moment(stamp.get(f"{verb}At"))
    if who and when:
        return LastChange(
            who=str(who),
            when=second(when),
            source="systemData",
            by=actor_of_type(str(stamp.get(f"{verb}ByType") or "")),
        )
    path = one.resource_id if one.version is None else f"{one.resource_id}/versions/{one.version}"
    return change_in_log(session, path)
