"""Rows on Azure Resource Graph's change records, the second witness of who changed a resource."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from tests.verify_azure import versions as api
from tests.verify_azure.check import check, part
from tests.verify_azure.checks.activity_log import LAG_SECONDS, events
from tests.verify_azure.finding import Finding, NotChecked, holds
from tests.verify_azure.subject import Subject

PATH = "/providers/Microsoft.ResourceGraph/resources"
# Documented are five minutes.
WAIT_SECONDS = 900


@part("change record", "group", "event")
def await_a_record(azure: Subject) -> dict[str, Any]:
    """A change of the identity that the log was asked about, its record, and how long it took to come."""
    path = azure.part("event")["path"]
    azure.put(path, api=api.IDENTITY, body={"location": azure.location, "tags": {"written": "twice"}})
    began, written = time.monotonic(), datetime.now().astimezone()
    found = azure.cloud.until(
        lambda: [row for row in records(azure, path) if row["changeType"] == "Update"], seconds=WAIT_SECONDS
    )
    if not found:
        raise NotChecked("no change record of a write came within fifteen minutes")
    return {"record": found[0], "seconds": time.monotonic() - began, "written": written, "path": path}


def records(azure: Subject, resource: str) -> list[dict[str, Any]]:
    """What is kept of a resource, asked as the product asks."""
    query = (
        f"resourcechanges\n| where tostring(properties.targetResourceId) in~ ('{resource}')\n"
        "| extend changeTime = todatetime(properties.changeAttributes.timestamp)\n| where changeTime > ago(14d)\n"
        "| project id, changeTime, targetResourceId = tostring(properties.targetResourceId), "
        "changeType = tostring(properties.changeType), changeAttributes = properties.changeAttributes\n"
        "| order by changeTime desc"
    )
    body = {"subscriptions": [azure.cloud.subscription], "query": query}
    answer = azure.send("POST", PATH, api=api.RESOURCE_GRAPH, body=body)
    found: list[dict[str, Any]] = answer.json().get("data", [])
    return found


@check("change-record-form", "change record")
def members_of_a_record(azure: Subject) -> Finding:
    record = azure.part("change record")["record"]
    wanted = {"timestamp", "changedBy", "changedByType", "clientType", "operation", "correlationId"}
    missing = sorted(wanted - set(record["changeAttributes"]))
    same = record["targetResourceId"].lower() == azure.part("change record")["path"].lower()
    return holds(
        not missing and same,
        f"Of the members that are read, a record of a write lacks {', '.join(missing) or 'none'}.",
    )


@check("change-record-actor", "change record")
def author_of_a_record(azure: Subject) -> Finding:
    attributes, claims = azure.part("change record")["record"]["changeAttributes"], azure.claims()
    known = {
        str(claims[name]).lower(): name for name in ("upn", "unique_name", "appid", "oid") if claims.get(name)
    }
    said = known.get(str(attributes["changedBy"]).lower(), "something else")
    return holds(
        said != "something else",
        f"changedBy is the login's {said}, changedByType {attributes['changedByType']}, clientType {attributes['clientType']}.",
    )


@check("change-record-correlation", "change record")
def correlation_of_a_record(azure: Subject) -> Finding:
    found = azure.part("change record")
    wanted = str(found["record"]["changeAttributes"]["correlationId"]).lower()
    same = azure.cloud.until(
        lambda: [one for one in events(azure, found["path"]) if one["correlationId"].lower() == wanted],
        seconds=LAG_SECONDS,
    )
    return holds(bool(same), f"An event of the activity log with the record's correlationId: {bool(same)}.")


@check("change-record-lag", "change record")
def lag_of_a_record(azure: Subject) -> Finding:
    found = azure.part("change record")
    detected = datetime.fromisoformat(found["record"]["changeAttributes"]["timestamp"])
    behind = (detected - found["written"]).total_seconds()
    return holds(
        behind < timedelta(minutes=5).total_seconds(),
        f"The record of a write could be read after {found['seconds']:.0f} s; its time lies {behind:.0f} s behind the write.",
    )
