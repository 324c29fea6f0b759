"""Who changed a resource behind the code, and when: its systemData where that moves with writes, else the activity log.

Neither may name the stack's own last write as the change: what is not newer than that is not the change that drift found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from plumbline.azure.activity_log import KEPT_DAYS, PATH, Operation, operations, query
from plumbline.azure.api_versions import api_version
from plumbline.azure.moment import moment, second
from plumbline.kinds import kind_of_token
from plumbline.ops.actor import actor_of_operation, actor_of_type
from plumbline.ops.azure_session import AzureSession

# Pulumi writes its own clock's time into the state, Azure its own into answers: they differ by less than this.
CLOCKS = timedelta(seconds=5)
NOT_YET = "not in the log yet"
REGISTRY_IDS = "azureml://registries/"


@dataclass(frozen=True, kw_only=True)
class LastChange:
    """Who and when, or why that is not known.

    Attributes:
        note: What is unusual about a known one.
        by: By what: `a person`, `a person with the Azure portal`, `an application`, `managed identity NAME`,
            `Azure Policy NAME`; None when neither record says it.
        log: What the activity log has of the resource, the newest first; empty where it was not asked.
    """

    who: str | None
    when: str | None
    source: str
    unknown_because: str | None = None
    note: str | None = None
    by: str | None = None
    log: tuple[Operation, ...] = field(default=(), repr=False, compare=False)


# Of a field that Azure dropped from what the stack sent: nobody changed anything.
NOT_KEPT = LastChange(
    who=None,
    when=None,
    source="the state",
    unknown_because="nobody changed it: Azure did not keep what was sent",
)


_NOT_LOGGED = LastChange(
    who=None,
    when=None,
    source="activity log",
    unknown_because="the activity log has no writes to assets of a registry: its region takes them, not Resource Manager",
)


def last_change(
    session: AzureSession,
    *,
    resource_type: str,
    resource_id: str,
    version: str | None,
    deleted: bool,
    own_write: datetime | None,
) -> LastChange:
    """Look up the change that made a resource differ from what the last update left.

    Args:
        resource_id: ARM id; of an asset its container's.
        version: The asset's version, None for what has none.
        own_write: When the stack itself wrote it last, by its state; None when the state does not say.
    Source: Azure Monitor REST "Activity Logs - List" 2015-04-01; ARM `systemData`.
    """
    # The clocks of this machine and of its emulator are one.
    after = own_write + (timedelta() if session.target.is_emulated else CLOCKS) if own_write else None
    row = _row(resource_type)
    if row is not None and not deleted:
        stamped = _stamp(session, resource_id, version, row)
        found = _of_system_data(stamped, after)
        if found is not None:
            return found
    return change_in_log(session, resource_id, deleted=deleted, own_write=own_write, after=after)


def change_in_log(
    session: AzureSession,
    resource_id: str,
    *,
    deleted: bool = False,
    own_write: datetime | None = None,
    after: datetime | None = None,
) -> LastChange:
    """The newest change of a resource that the activity log has, later than `after`."""
    if resource_id.startswith(REGISTRY_IDS):
        return _NOT_LOGGED
    if deleted:
        return _deletion(session, resource_id, own_write=own_write, after=after)
    return of_log(activity_of(session, resource_id), own_write=own_write, after=after)


def of_log(changes: list[Operation], *, own_write: datetime | None, after: datetime | None) -> LastChange:
    """The newest of a resource's writes, when it is newer than the stack's own.

    Args:
        changes: Newest first.
        after: What is not later is the stack's own write, or older.
    """
    newest = changes[0] if changes else None
    if newest is not None and (after is None or newest.at > after):
        return LastChange(
            who=newest.caller,
            when=second(newest.at),
            source="activity log",
            by=actor_of_operation(newest),
            note=None if newest.is_finished else "not finished: the log has no end of it",
            log=tuple(changes),
        )
    kept_since = datetime.now(UTC) - timedelta(days=KEPT_DAYS)
    if own_write is None or own_write < kept_since:
        because = f"the activity log holds no write to it in the last {KEPT_DAYS} days"
    else:
        seen = f"its newest write there is of {second(newest.at)}" if newest else "it has no write there"
        because = f"{NOT_YET}: {seen}, this stack's own last one of {second(own_write)}. Events come minutes late: ask again"
    return LastChange(who=None, when=None, source="activity log", unknown_because=because, log=tuple(changes))


def _deletion(
    session: AzureSession, resource_id: str, *, own_write: datetime | None, after: datetime | None
) -> LastChange:
    """Who deleted it, or what held it: deleting a resource group logs nothing of the resources in it."""
    for holder in (resource_id, *_holders(resource_id)):
        deletions = [one for one in activity_of(session, holder) if one.is_delete]
        found = of_log(deletions, own_write=own_write, after=after)
        if found.who is not None:
            return found
    return found


def _holders(resource_id: str) -> list[str]:
    """The resources that hold another one, the nearest first, up to its resource group."""
    head, separator, tail = resource_id.rpartition("/providers/")
    parts = tail.split("/") if separator else []
    nested = [f"{head}/providers/{'/'.join(parts[:end])}" for end in range(len(parts) - 2, 1, -2)]
    group = "/".join(resource_id.split("/")[:5]) if "/resourcegroups/" in resource_id.lower() else ""
    return [*nested, *([group] if group and group != resource_id else [])]


def _of_system_data(stamped: Mapping[str, Any], after: datetime | None) -> LastChange | None:
    who = stamped.get("lastModifiedBy") or stamped.get("createdBy")
    when = moment(stamped.get("lastModifiedAt") or stamped.get("createdAt"))
    if not who or when is None or (after is not None and when <= after):
        return None
    kind = stamped.get("lastModifiedByType") or stamped.get("createdByType")
    return LastChange(who=str(who), when=second(when), source="systemData", by=actor_of_type(str(kind or "")))


def _stamp(
    session: AzureSession, resource_id: str, version: str | None, row: Mapping[str, str]
) -> Mapping[str, Any]:
    asked = api_version(row["operations"])
    if resource_id.startswith(REGISTRY_IDS):
        # Its region answers for it.
        from plumbline.ops.promotion.registry import address_of

        resource_id, asked = address_of(session, resource_id), api_version("registry_region")
    own = session.get(resource_id, api_version=asked) or {}
    archived = str((own.get("properties") or {}).get("isArchived")).lower() == "true"
    if row["of"] == "self" or version is None or archived:
        return own.get("systemData") or {}
    document = session.get(f"{resource_id}/versions/{version}", api_version=asked) or {}
    return document.get("systemData") or {}


def activity_of(session: AzureSession, resource_id: str) -> list[Operation]:
    """Writes and deletes of a resource that the log of its own subscription holds, the newest first."""
    events = session.pages(
        f"/subscriptions/{subscription_of(session, resource_id)}{PATH}",
        api_version=api_version("activity_log"),
        **{"$filter": query(resource_id, now=datetime.now(UTC))},
    )
    return operations(events, resource_id=resource_id)


def _row(resource_type: str) -> Mapping[str, str] | None:
    """How a type's systemData is read; None when it does not move with every write, or nobody saw it."""
    kind = kind_of_token(resource_type)
    if kind is not None and kind.system_data:
        return {"operations": kind.collection, "of": "version" if kind.is_versioned else "self"}
    return _rows().get(resource_type)


def subscription_of(session: AzureSession, resource_id: str) -> str:
    """The subscription that a resource lies in, in lower case; of what lies above them all the stack's."""
    place, _, rest = resource_id.lower().removeprefix("/").partition("/")
    return rest.partition("/")[0] if place == "subscriptions" else session.target.subscription_id.lower()


@cache
def _rows() -> Mapping[str, Mapping[str, str]]:
    rows: Mapping[str, Mapping[str, str]] = yaml.load(
        Path(__file__).with_name("system_data.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    return rows
