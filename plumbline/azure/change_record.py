"""Change records of Azure Resource Graph: who changed a resource, with which client. Pure; who asks for them is elsewhere.

A record is made of the difference between two snapshots, within five minutes of the change, and kept for fourteen days. Its
time is that of the detection, so that it lies behind the write's own; its correlationId is the activity log's.

Source: learn, "Get resource changes" and "Change Analysis event properties"; REST, Microsoft.ResourceGraph "Resources -
Resources" 2022-10-01.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from plumbline.azure.moment import moment

PATH = "/providers/Microsoft.ResourceGraph/resources"
KEPT_DAYS = 14
# "Change records should be available in less than five minutes."
DETECTED_WITHIN = timedelta(minutes=5)
SYSTEM = "System"  # changedBy of what nobody's request caused
# Ids of one question: well below the length that a query may have.
AT_ONCE = 50
_QUESTION = """{table}
| where tostring(properties.targetResourceId) in~ ({ids})
| extend changeTime = todatetime(properties.changeAttributes.timestamp)
| where changeTime > ago({days}d)
| project id, changeTime, targetResourceId = tostring(properties.targetResourceId), \
changeType = tostring(properties.changeType), changeAttributes = properties.changeAttributes
| order by changeTime desc"""


@dataclass(frozen=True, kw_only=True)
class ChangeRecord:
    """One detected change.

    Attributes:
        resource_id: In lower case.
        change_type: Create, Update or Delete.
        changed_by: A person's sign-in name, an application's id, or System.
        changed_by_type: User, Application or System, as Azure writes it.
        client_type: `Azure Portal`; Unknown and Unspecified where Azure does not know it.
        detected_at: Later than the write itself.
    """

    resource_id: str
    change_type: str
    changed_by: str
    changed_by_type: str
    client_type: str
    operation: str
    correlation_id: str
    detected_at: datetime


def table_of(resource_id: str) -> str | None:
    """The table that has a resource's changes; None of a type that has no change records."""
    kind = _type_of(resource_id.lower())
    return next((table for table, kinds in _tables().items() if kind in kinds), None)


def question(table: str, resource_ids: Iterable[str]) -> str:
    """The query for what is kept of some resources of one table, the newest first."""
    quoted = ", ".join(
        "'" + one.replace("\\", "\\\\").replace("'", "\\'") + "'" for one in sorted(resource_ids)
    )
    return _QUESTION.format(table=table, ids=quoted, days=KEPT_DAYS)


def records(rows: Iterable[Mapping[str, Any]]) -> list[ChangeRecord]:
    """Rows of an answer to `question`, the newest first; one without a time or an author says nothing."""
    found = []
    for row in rows:
        attributes = row.get("changeAttributes") or {}
        when = moment(row.get("changeTime") or attributes.get("timestamp"))
        if when is None or not attributes.get("changedBy"):
            continue
        found.append(
            ChangeRecord(
                resource_id=str(row.get("targetResourceId") or "").lower(),
                change_type=str(row.get("changeType") or ""),
                changed_by=str(attributes["changedBy"]),
                changed_by_type=str(attributes.get("changedByType") or ""),
                client_type=str(attributes.get("clientType") or ""),
                operation=str(attributes.get("operation") or ""),
                correlation_id=str(attributes.get("correlationId") or "").lower(),
                detected_at=when,
            )
        )
    return sorted(found, key=lambda one: one.detected_at, reverse=True)


def _type_of(resource_id: str) -> str:
    head, separator, tail = resource_id.rpartition("/providers/")
    if not separator:
        parts = resource_id.strip("/").split("/")
        is_group = len(parts) == 4 and parts[2] == "resourcegroups"
        return "microsoft.resources/subscriptions/resourcegroups" if is_group else ""
    # What extends another resource (a role assignment at a vault) is of its own type, which no table here has.
    provider, *names = tail.split("/")
    return "/".join([provider, *names[::2]]) if "/providers/" not in head else ""


@cache
def _tables() -> Mapping[str, Sequence[str]]:
    text = Path(__file__).with_name("change_record_types.yaml").read_text(encoding="utf-8")
    found: Mapping[str, Sequence[str]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return found
