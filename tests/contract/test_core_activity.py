"""Protects who-did-it: every write, refused ones too, stands in the activity log under the principal that did it."""

from __future__ import annotations

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


def events(emulator, resource_id: str) -> list[dict]:
    answer = query(emulator, f"eventTimestamp ge '2020-01-01T00:00:00Z' and resourceUri eq '{resource_id}'")
    return answer.json()["value"]


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
    stamp = datetime.fromisoformat(event["eventTimestamp"][:26] + "+00:00")
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
    earlier = f"eventTimestamp ge '2020-01-01' and eventTimestamp lt '{deleted['eventTimestamp']}' and resourceUri eq '{path}'"
    assert [event["eventDataId"] for event in query(emulator, earlier).json()["value"]] == [
        written["eventDataId"]
    ]


def test_pages_are_followed_and_columns_chosen(emulator):
    path = f"{emulator.scope}/resourceGroups/rg6"
    with requests.Session() as session:
        session.verify, session.trust_env = str(emulator.home / "ca.pem"), False
        session.headers["Authorization"] = f"Bearer {emulator.token()}"
        for number in range(205):
            body = {"location": "westeurope", "tags": {"n": str(number)}}
            assert session.put(f"{emulator.base_url}{path}?api-version=2024-03-01", json=body).ok
    condition = f"eventTimestamp ge '2020-01-01' and resourceUri eq '{path}'"
    first = query(emulator, condition, **{"$select": "eventDataId,caller"}).json()
    second = emulator.request("GET", first["nextLink"], api_version=None).json()
    found = [event["eventDataId"] for event in first["value"] + second["value"]]
    assert (len(first["value"]), len(found), len(set(found))) == (200, 205, 205)
    assert set(first["value"][0]) == {"eventDataId", "caller"}
    assert "nextLink" not in second


def test_a_filter_without_a_start_is_refused(emulator):
    answer = query(emulator, "resourceGroupName eq 'rg1'")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert query(emulator, "eventTimestamp ge '2020-01-01' and color eq 'red'").status_code == 400
