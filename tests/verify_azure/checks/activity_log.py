"""Rows on the activity log and on systemData of resources."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.verify_azure import versions as api
from tests.verify_azure.check import check, part
from tests.verify_azure.cloud import message_of
from tests.verify_azure.finding import Finding, NotChecked, holds
from tests.verify_azure.subject import Subject

IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
# learn, "Log data ingestion time in Azure Monitor": three to twenty minutes.
LAG_SECONDS = 1200


@part("event", "group")
def await_an_event(azure: Subject) -> dict[str, Any]:
    """A write of our own, its event, and how long it took to come."""
    path = azure.resource(IDENTITIES, azure.fresh("id-"))
    azure.put(path, api=api.IDENTITY, body={"location": azure.location, "tags": {"written": "once"}})
    began = time.monotonic()
    found = azure.cloud.until(
        lambda: [event for event in events(azure, path) if event["status"]["value"] == "Succeeded"],
        seconds=LAG_SECONDS,
    )
    if not found:
        raise NotChecked("no event of a write came within twenty minutes")
    return {"event": found[0], "seconds": time.monotonic() - began, "path": path}


def events(azure: Subject, resource: str, **query: str) -> list[dict[str, Any]]:
    """The events of a resource of the last hours, newest first."""
    path = f"{azure.cloud.scope}/providers/Microsoft.Insights/eventtypes/management/values"
    start = (datetime.now(UTC) - timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
    asked = f"eventTimestamp ge '{start}' and resourceUri eq '{resource}'"
    found: list[dict[str, Any]] = azure.get(path, api=api.ACTIVITY, **{"_filter": asked} | query)["value"]
    return found


@check("activity-log-schema", "event")
def members_of_an_event(azure: Subject) -> Finding:
    event = azure.part("event")["event"]
    wanted = {
        "caller", "eventTimestamp", "operationName", "resourceId", "status", "subStatus", "authorization", "claims",
        "correlationId",
    }  # fmt: skip
    missing = sorted(wanted - set(event))
    return holds(
        not missing,
        f"Of the members that are read, an event of a write lacks {', '.join(missing) or 'none'}.",
    )


@check("activity-log-caller", "event")
def caller_of_an_event(azure: Subject) -> Finding:
    event, claims = azure.part("event")["event"], azure.claims()
    expected = claims.get("upn") or claims["oid"]
    return holds(
        str(event["caller"]).lower() == str(expected).lower(),
        f"caller is {'the sign-in name' if claims.get('upn') else 'the object id'}: {event['caller'] == expected}.",
    )


@check("activity-log-filter", "event")
def filters_of_the_log(azure: Subject) -> Finding:
    path = f"{azure.cloud.scope}/providers/Microsoft.Insights/eventtypes/management/values"
    none = azure.send(
        "GET", path, api=api.ACTIVITY, _filter=f"resourceGroupName eq '{azure.world.group_name}'"
    )
    start = (datetime.now(UTC) - timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = azure.part("event")["event"]
    conditions = {
        "resourceGroupName": azure.world.group_name,
        "resourceProvider": "Microsoft.ManagedIdentity",
        "correlationId": event["correlationId"],
    }
    seen = {}
    for name, value in conditions.items():
        answer = azure.send(
            "GET", path, api=api.ACTIVITY, _filter=f"eventTimestamp ge '{start}' and {name} eq '{value}'"
        )
        seen[name] = answer.status_code
        times = [_sortable(row["eventTimestamp"]) for row in answer.json().get("value", [])]
        if times != sorted(times, reverse=True):
            return holds(False, f"Filtered by {name} the events do not come newest first.")
    return holds(
        none.status_code == 400 and set(seen.values()) == {200},
        f"Without a start time {none.status_code}; with one, by {seen}, newest first.",
    )


@check("activity-log-no-lag", "event")
def lag_of_the_log(azure: Subject) -> Finding:
    seconds = azure.part("event")["seconds"]
    return holds(seconds < LAG_SECONDS, f"The event of a write could be read after {seconds:.0f} s.")


@check("activity-log-retention")
def start_before_the_log_begins(azure: Subject) -> Finding:
    path = f"{azure.cloud.scope}/providers/Microsoft.Insights/eventtypes/management/values"
    start = (datetime.now(UTC) - timedelta(days=91)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = azure.send("GET", path, api=api.ACTIVITY, _filter=f"eventTimestamp ge '{start}'")
    return holds(
        answer.status_code == 400, f"A start 91 days ago answered {answer.status_code}: {message_of(answer)}"
    )


@check("activity-log-failures", "event")
def refused_writes_in_the_log(azure: Subject) -> Finding:
    other = "northeurope" if azure.location != "northeurope" else "westeurope"
    path = azure.part("event")["path"]
    refused = azure.send("PUT", path, api=api.IDENTITY, body={"location": other})
    azure.get(path, api=api.IDENTITY)
    found = azure.cloud.until(
        lambda: [event for event in events(azure, path) if event["status"]["value"] == "Failed"],
        seconds=LAG_SECONDS,
    )
    reads = [event for event in events(azure, path) if event["operationName"]["value"].endswith("/read")]
    return holds(
        bool(found) and not reads,
        f"A write refused with {refused.status_code} stands in the log as "
        f"{found[0]['status']['value'] + ' ' + found[0]['subStatus']['value'] if found else 'nothing'}; reads: {len(reads)}.",
    )


@check("system-data-names", "assets")
def who_wrote_an_asset(azure: Subject) -> Finding:
    data, claims = azure.system_data("environments/va-env/versions/1", api=api.ENVIRONMENT), azure.claims()
    is_user = bool(claims.get("upn")) or claims.get("idtyp") == "user"
    expected = (
        {claims.get("name"), claims.get("upn")} if is_user else {claims.get("appid"), claims.get("azp")}
    )
    return holds(
        data["createdBy"] in expected and data["createdByType"] == ("User" if is_user else "Application"),
        f"An environment made by {'a person' if is_user else 'an application'} says createdBy "
        f"{_kind_of(data['createdBy'], claims)}, createdByType {data['createdByType']}.",
    )


def _kind_of(shown: str, claims: dict[str, Any]) -> str:
    """Which of the login's names it is; a person's own is not printed."""
    names = {"name": "the display name", "upn": "the sign-in name", "appid": "the client id", "azp": "the client id",
             "oid": "the object id"}  # fmt: skip
    return next((text for claim, text in names.items() if claims.get(claim) == shown), "something else")


@check("system-data-cannot-be-written", "assets")
def forged_system_data(azure: Subject) -> Finding:
    path = f"{azure.part('workspace')}/data/va-forged/versions/1"
    forged = {"createdBy": "Somebody Else", "createdByType": "User", "createdAt": "2001-01-01T00:00:00Z"}
    body = {
        "properties": {"dataType": "uri_file", "dataUri": "https://example.blob.core.windows.net/c/f.csv"},
        "systemData": forged,
    }
    answer = azure.send("PUT", path, api=api.DATA, body=body)
    if answer.status_code >= 400:
        return holds(True, f"PUT of a data asset with systemData answered {answer.status_code}.")
    shown = azure.system_data("data/va-forged/versions/1", api=api.DATA)
    return holds(
        shown["createdBy"] != forged["createdBy"] and not shown["createdAt"].startswith("2001"),
        f"A data asset sent with a forged systemData shows the writer's own: {shown['createdBy'] != forged['createdBy']}.",
    )


def _sortable(stamp: str) -> str:
    """A time with all seven digits of its second: Azure leaves trailing zeros out."""
    whole, _, fraction = stamp.removesuffix("Z").partition("+")[0].partition(".")
    return f"{whole}.{fraction:0<7}"
