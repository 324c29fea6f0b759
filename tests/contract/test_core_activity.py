"""Protects who-did-it: every write, refused ones too, stands in the activity log under the principal that did it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.emulator_process import EmulatorProcess


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as process:
        yield process


def query(emulator, condition: str, **options):
    path = f"{emulator.scope}/providers/Microsoft.Insights/eventtypes/management/values"
    params = {"$filter": condition} | options
    return emulator.request("GET", path, api_version="2015-04-01", params=params)


def since(**ago: float) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def events(emulator, resource_id: str) -> list[dict]:
    """The ends of what was done to a resource, newest first."""
    answer = query(emulator, f"eventTimestamp ge '{since(days=1)}' and resourceUri eq '{resource_id}'")
    return [event for event in answer.json()["value"] if event["eventName"]["value"] == "EndRequest"]


def test_a_write_names_who_did_what_when_and_how_it_ended(emulator):
    path = f"{emulator.scope}/resourceGroups/rg1"
    before = datetime.now(UTC)
    emulator.request("PUT", path, principal="alice", json={"location": "westeurope"})
    (event,) = events(emulator, path.upper())
    assert event["caller"] == "alice@plumbline.example"
    assert event["operationName"]["value"] == "Microsoft.Resources/subscriptions/resourceGroups/write"
    assert event["authorization"] == {"action": event["operationName"]["value"], "scope": path}
    assert (event["status"]["value"], event["subStatus"]["value"]) == ("Succeeded", "Created")
    assert event["resourceId"] == path
    assert event["resourceGroupName"] == "rg1"
    assert event["category"]["value"] == "Administrative"
    stamp = datetime.fromisoformat(event["eventTimestamp"])
    assert before - timedelta(seconds=1) <= stamp <= datetime.now(UTC)


def test_a_service_principal_is_named_by_its_object_id(emulator):
    path = f"{emulator.scope}/resourceGroups/rg2"
    emulator.request("PUT", path, principal="deployer", json={"location": "westeurope"})
    deployer = emulator.ready["principals"]["deployer"]
    (event,) = events(emulator, path)
    assert event["caller"] == deployer["object_id"]
    assert event["claims"]["appid"] == deployer["client_id"]


def test_refused_writes_are_there_and_reads_are_not(emulator):
    path = f"{emulator.scope}/resourceGroups/rg3"
    emulator.request("PUT", path, principal="pipeline", json={"location": "westeurope"})
    emulator.request("PUT", path, json={})
    emulator.request("GET", path)
    emulator.request("PUT", path, principal=None, json={})
    found = events(emulator, path)
    assert [(event["status"]["value"], event["subStatus"]["value"]) for event in found] == [
        ("Failed", "BadRequest"), ("Failed", "Forbidden"),
    ]  # fmt: skip
    assert found[1]["caller"] == emulator.ready["principals"]["pipeline"]["object_id"]


def test_an_action_stands_under_its_resource(emulator):
    group = f"{emulator.scope}/resourceGroups/rg4"
    account = f"{group}/providers/Microsoft.Storage/storageAccounts/activitytest"
    emulator.request("PUT", group, json={"location": "westeurope"})
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    emulator.request("PUT", account, api_version="2024-01-01", json=body)
    keys = emulator.request("POST", f"{account}/listKeys", principal="bob", api_version="2024-01-01").text
    action, write = events(emulator, account)
    assert action["operationName"]["value"] == "Microsoft.Storage/storageAccounts/listKeys/action"
    assert action["caller"] == "bob@plumbline.example"
    assert write["operationName"]["value"] == "Microsoft.Storage/storageAccounts/write"
    assert "key1" in keys
    assert "key1" not in str(action)


def test_the_log_outlives_what_it_tells_of_and_is_filtered_by_time(emulator):
    path = f"{emulator.scope}/resourceGroups/rg5"
    emulator.request("PUT", path, json={"location": "westeurope"})
    emulator.request("DELETE", path, principal="alice")
    deleted, written = events(emulator, path)
    assert deleted["operationName"]["value"].endswith("/delete")
    later = f"eventTimestamp ge '{deleted['eventTimestamp']}' and resourceUri eq '{path}'"
    assert [event["eventDataId"] for event in query(emulator, later).json()["value"]] == [
        deleted["eventDataId"]
    ]
    earlier = f"eventTimestamp ge '{since(days=1)}' and eventTimestamp le '{written['eventTimestamp']}' and resourceUri eq '{path}'"
    ends = [event["eventDataId"] for event in query(emulator, earlier).json()["value"]]
    assert (ends[0], len(ends)) == (written["eventDataId"], 2)


def test_pages_are_followed_and_columns_chosen(emulator):
    path = f"{emulator.scope}/resourceGroups/rg6"
    with requests.Session() as session:
        session.verify, session.trust_env = str(emulator.home / "ca.pem"), False
        session.headers["Authorization"] = f"Bearer {emulator.token()}"
        for number in range(103):
            body = {"location": "westeurope", "tags": {"n": str(number)}}
            assert session.put(f"{emulator.base_url}{path}?api-version=2024-03-01", json=body).ok
    condition = f"eventTimestamp ge '{since(days=1)}' and resourceUri eq '{path}'"
    first = query(emulator, condition, **{"$select": "eventDataId,caller"}).json()
    second = emulator.request("GET", first["nextLink"], api_version=None).json()
    found = [event["eventDataId"] for event in first["value"] + second["value"]]
    assert (len(first["value"]), len(found), len(set(found))) == (200, 206, 206)
    assert set(first["value"][0]) == {"eventDataId", "caller"}
    assert "nextLink" not in second


def test_a_filter_without_a_start_is_refused(emulator):
    answer = query(emulator, "resourceGroupName eq 'rg1'")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert query(emulator, f"eventTimestamp ge '{since(days=1)}' and color eq 'red'").status_code == 400


def test_a_write_begins_and_ends_with_one_correlation(emulator):
    path = f"{emulator.scope}/resourceGroups/rg7"
    emulator.request("PUT", path, principal="alice", json={"location": "westeurope"})
    condition = f"resourceUri eq {path} and eventTimestamp ge {since(days=1)}"
    end, begin = query(emulator, condition).json()["value"]
    assert [event["status"]["value"] for event in (begin, end)] == ["Started", "Succeeded"]
    assert begin["subStatus"]["value"] == ""
    assert begin["correlationId"] == begin["operationId"] == end["correlationId"]
    assert end["properties"]["serviceRequestId"] is None
    assert "idtyp" not in end["claims"]
    assert end["claims"]["ipaddr"] == "127.0.0.1"


def test_a_role_assignment_keeps_what_was_asked_for(emulator):
    alice = emulator.ready["principals"]["alice"]["object_id"]
    reader = f"{emulator.scope}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    path = f"{emulator.scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    body = {"properties": {"principalId": alice, "roleDefinitionId": reader, "principalType": "User"}}
    emulator.request("PUT", path, api_version="2022-04-01", json=body)
    emulator.request("DELETE", path, api_version="2022-04-01")
    found = query(
        emulator,
        f"resourceProvider eq Microsoft.Authorization and eventTimestamp ge {since(days=1)} and "
        f"eventTimestamp le {since(days=-1)}",
    ).json()["value"]
    deleted, _, _, begun = [event for event in found if event["resourceId"] == path]
    assert json.loads(begun["properties"]["requestbody"]) == body
    assert alice in deleted["properties"]["responseBody"]
    assert deleted["operationName"]["localizedValue"] == "Delete role assignment"


def test_a_start_of_more_than_ninety_days_ago_is_refused_with_a_flat_body(emulator):
    answer = query(emulator, f"eventTimestamp ge '{since(days=91)}'")
    assert answer.status_code == 400
    assert answer.json() == {
        "code": "BadRequest",
        "message": "The start time cannot be more than 90 days in the past.",
    }
    assert query(emulator, f"eventTimestamp ge '{since(days=89)}'").status_code == 200


def test_an_event_is_there_once_its_lag_is_over(emulator):
    path = f"{emulator.scope}/resourceGroups/rg8"
    emulator.request("PUT", path, json={"location": "westeurope"})
    emulator.control("PUT", "activity", {"lag_seconds": 3600})
    try:
        emulator.request("DELETE", path, principal="alice")
    finally:
        emulator.control("PUT", "activity", {"lag_seconds": 0})
    emulator.request("PUT", path, principal="bob", json={"location": "westeurope"})
    callers = [event["caller"] for event in events(emulator, path)]
    assert callers == ["bob@plumbline.example", emulator.ready["principals"]["deployer"]["object_id"]]
