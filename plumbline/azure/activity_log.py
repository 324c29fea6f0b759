"""The activity log as writes and deletes, each with who and when. Pure; who asks the log is elsewhere.

A write has two events or more of one correlation id: Started, perhaps Accepted, then Succeeded or Failed. Each arrives on its
own, one to two minutes late (recorded 2022-05-07: 59 to 102 s), and not in order.

Source: recorded answers of Microsoft.Insights eventtypes 2015-04-01, test_role_assignment_audits; Azure Monitor,
"Azure activity log event schema" (categories; Administrative holds actions such as listKeys, too).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from plumbline.azure.moment import moment

PATH = "/providers/Microsoft.Insights/eventtypes/management/values"
# Azure keeps the log for ninety days and refuses to be asked for more.
KEPT_DAYS = 89
_OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_SCOPE = "http://schemas.microsoft.com/identity/claims/scope"
# Effects of Azure Policy that change what is sent or deployed; `audit` and `deny` change nothing.
_CHANGING_EFFECTS = ("modify", "append", "deployifnotexists")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One write or delete that was not refused.

    Attributes:
        caller: A person's sign-in name, an application's object id.
        object_id: In Entra ID, in lower case; None when the log does not say.
        client_id: The application that the caller used: the portal, Azure's command line, or itself.
        is_person: Whether a person's login made the call; None when the log does not say.
        policy: Name of the assignment of Azure Policy that changed the request, None when none did.
        correlation_id: In lower case; a change record of the same request has the same.
        began_at, ended_at: None while the log does not have that event.
    """

    resource_id: str
    is_delete: bool
    caller: str
    object_id: str | None = None
    client_id: str | None = None
    is_person: bool | None = None
    policy: str | None = None
    correlation_id: str = ""
    began_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def at(self) -> datetime:
        """The latest time that the log has of it."""
        return max(time for time in (self.began_at, self.ended_at) if time is not None)

    @property
    def is_finished(self) -> bool:
        """Whether the log has its end."""
        return self.ended_at is not None


def query(resource_id: str, *, now: datetime) -> str:
    """The `$filter` for everything that the log keeps of a resource."""
    since = now - timedelta(days=KEPT_DAYS)
    return f"eventTimestamp ge '{since:%Y-%m-%dT%H:%M:%SZ}' and resourceUri eq '{resource_id}'"


def operations(events: Iterable[Mapping[str, Any]], *, resource_id: str) -> list[Operation]:
    """Writes and deletes of one resource, the newest first; refused ones, actions and other categories are left out."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    policies: dict[str, str] = {}
    for event in events:
        if (policy := _policy(event)) is not None:
            policies[str(event.get("correlationId"))] = policy
        name = _value(event, "operationName")
        own = str(event.get("resourceId") or resource_id).lower() == resource_id.lower()
        if (
            own
            and _value(event, "category") in {"", "administrative"}
            and name.endswith(("/write", "/delete"))
        ):
            groups.setdefault((str(event.get("correlationId")), name), []).append(event)
    found = [
        operation
        for (correlation, _), group in groups.items()
        if (operation := _operation(resource_id, group, policies.get(correlation))) is not None
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _operation(resource_id: str, events: list[Mapping[str, Any]], policy: str | None) -> Operation | None:
    by_status: dict[str, list[datetime]] = {}
    for event in events:
        by_status.setdefault(_value(event, "status"), []).append(_time(event))
    began, ended = by_status.get("started", []), by_status.get("succeeded", [])
    if "failed" in by_status and not ended:
        return None
    ended = ended or by_status.get("accepted", [])
    if not began and not ended:
        return None
    claims = events[0].get("claims") or {}
    object_id = str(claims.get(_OBJECT_ID) or "").lower()
    return Operation(
        resource_id=resource_id,
        is_delete=_value(events[0], "operationName").endswith("/delete"),
        # Rests on activity-log-caller.
        caller=str(events[0].get("caller") or object_id or "unknown"),
        object_id=object_id or None,
        client_id=str(claims.get("appid") or "").lower() or None,
        # Recorded of people; a token of an application has no scope.
        is_person=bool(claims.get(_SCOPE)) if claims else None,
        policy=policy,
        correlation_id=str(events[0].get("correlationId") or "").lower(),
        began_at=min(began, default=None),
        ended_at=max(ended, default=None),
    )


def _policy(event: Mapping[str, Any]) -> str | None:
    """The assignment whose effect changed a request, of an event of category Policy.

    Source: Azure Monitor, "Azure activity log event schema", Policy category: `properties.policies` is a list as text. Rests on
    activity-log-policy.
    """
    effect = _value(event, "operationName").removesuffix("/action").rpartition("/")[2]
    if _value(event, "category") != "policy" or effect not in _CHANGING_EFFECTS:
        return None
    try:
        rows = json.loads(str((event.get("properties") or {}).get("policies") or "[]"))
    except ValueError:
        rows = []
    first = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], Mapping) else {}
    return str(
        first.get("policyAssignmentName")
        or first.get("policyDefinitionName")
        or "an assignment without a name"
    )


def _time(event: Mapping[str, Any]) -> datetime:
    found = moment(event.get("eventTimestamp"))
    assert found is not None, "every event has its time"
    return found


def _value(event: Mapping[str, Any], name: str) -> str:
    """A member that the log answers as `{value, localizedValue}`, in lower case."""
    return str((event.get(name) or {}).get("value") or "").lower()
