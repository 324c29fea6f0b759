"""Protects the change records that the emulator keeps: the documented form, only of types that Azure has them of, late."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from plumbline.azure.change_record import question, records
from tests.emulator_process import EmulatorProcess

PATH = "/providers/Microsoft.ResourceGraph/resources"
API = "2022-10-01"


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as process:
        yield process


@pytest.fixture(scope="module")
def account(emulator: EmulatorProcess) -> str:
    group = f"{emulator.scope}/resourceGroups/Rg-Changes"
    emulator.request("PUT", group, json={"location": "westeurope"})
    path = f"{group}/providers/Microsoft.Storage/storageAccounts/changesofmine"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    emulator.request("PUT", path, api_version="2024-01-01", json=body)
    return path


def ask(emulator: EmulatorProcess, query: str, *, principal: str = "deployer", **options: Any) -> Any:
    body = {"subscriptions": [emulator.subscription_id], "query": query, "options": options}
    return emulator.request("POST", PATH, api_version=API, principal=principal, json=body)


def rows(
    emulator: EmulatorProcess, *ids: str, table: str = "resourcechanges", **more: Any
) -> list[dict[str, Any]]:
    answer = ask(emulator, question(table, ids), **more)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def test_a_change_has_its_author_client_and_the_activity_logs_correlation(
    emulator: EmulatorProcess, account: str
) -> None:
    claims = {"appid": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"}
    token = emulator.control("POST", "tokens", {"principal": "alice", "claims": claims})["access_token"]
    emulator.request(
        "PATCH", account, api_version="2024-01-01", principal=None, json={"tags": {"by": "alice"}},
        headers={"Authorization": f"Bearer {token}", "x-ms-correlation-request-id": "c-of-alice"},
    )  # fmt: skip
    newest, oldest = rows(emulator, account.upper())
    assert newest["targetResourceId"] == account
    assert (newest["changeType"], oldest["changeType"]) == ("Update", "Create")
    attributes = newest["changeAttributes"]
    assert attributes.pop("previousResourceSnapshotId") == oldest["changeAttributes"]["newResourceSnapshotId"]
    assert attributes.pop("timestamp") == newest["changeTime"]
    assert attributes.pop("newResourceSnapshotId")
    assert attributes == {
        "correlationId": "c-of-alice", "changedByType": "User", "clientType": "Azure Portal", "changesCount": 1,
        "changedBy": "alice@plumbline.example", "operation": "Microsoft.Storage/storageAccounts/write",
    }  # fmt: skip
    (read, _) = records([newest, oldest])
    assert (read.changed_by, read.correlation_id) == ("alice@plumbline.example", "c-of-alice")
    deployer = emulator.ready["principals"]["deployer"]
    assert oldest["changeAttributes"]["changedBy"] == deployer["client_id"]
    assert oldest["changeAttributes"]["changedByType"] == "Application"


def test_the_same_content_again_a_read_and_a_refused_write_are_no_change(
    emulator: EmulatorProcess, account: str
) -> None:
    before = len(rows(emulator, account))
    shown = emulator.request("GET", account, api_version="2024-01-01").json()
    emulator.request("PATCH", account, api_version="2024-01-01", json={"tags": shown.get("tags", {})})
    emulator.request("POST", f"{account}/listKeys", api_version="2024-01-01")
    emulator.request(
        "PATCH", account, api_version="2024-01-01", principal="pipeline", json={"tags": {"x": "y"}}
    )
    assert len(rows(emulator, account)) == before


def test_a_group_has_a_table_of_its_own_and_its_deletion_is_a_change_of_all_in_it(
    emulator: EmulatorProcess,
) -> None:
    group = f"{emulator.scope}/resourceGroups/rg-gone"
    identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-gone"
    emulator.request("PUT", group, json={"location": "westeurope"})
    emulator.request("PUT", identity, api_version="2023-01-31", json={"location": "westeurope"})
    emulator.request("DELETE", group, principal="owner")
    of_group = rows(emulator, group, table="resourcecontainerchanges")
    assert [one["changeType"] for one in of_group] == ["Delete", "Create"]
    assert rows(emulator, group) == []
    deleted, _ = rows(emulator, identity)
    assert (deleted["changeType"], deleted["changeAttributes"]["operation"]) == (
        "Delete", "Microsoft.Resources/subscriptions/resourceGroups/delete",
    )  # fmt: skip


def test_child_types_have_no_records(emulator: EmulatorProcess, account: str) -> None:
    container = f"{account}/blobServices/default/containers/held"
    answer = emulator.request("PUT", container, api_version="2024-01-01", json={"properties": {}})
    assert answer.status_code == 201
    assert rows(emulator, container) == []


def test_who_may_not_read_a_resource_sees_no_record_of_it(emulator: EmulatorProcess, account: str) -> None:
    assert rows(emulator, account, principal="pipeline") == []


def test_a_record_comes_late_and_its_time_is_that_of_the_detection(
    emulator: EmulatorProcess, account: str
) -> None:
    before = len(rows(emulator, account))
    emulator.control("PUT", "change_records", {"lag_seconds": 0.4})
    try:
        emulator.request("PATCH", account, api_version="2024-01-01", json={"tags": {"late": "yes"}})
    finally:
        emulator.control("PUT", "change_records", {"lag_seconds": 0})
    until = time.monotonic() + 180
    while len(found := rows(emulator, account)) == before:
        assert time.monotonic() < until
    shown = emulator.request("GET", account, api_version="2024-01-01").json()
    assert shown["tags"] == {"late": "yes"}
    assert found[0]["changeTime"] > found[1]["changeTime"]


def test_long_answers_come_in_pages(emulator: EmulatorProcess, account: str) -> None:
    everything = rows(emulator, account)
    first = ask(emulator, question("resourcechanges", [account]), **{"$top": 1}).json()
    assert (first["count"], first["totalRecords"]) == (1, len(everything))
    second = ask(
        emulator, question("resourcechanges", [account]), **{"$top": 1, "$skipToken": first["$skipToken"]}
    ).json()
    assert [*first["data"], *second["data"]] == everything[:2]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("resources | project id", "resources"),
        ("resourcechanges | summarize count()", "summarize count()"),
        ("resourcechanges | project properties.changes", "properties.changes"),
        ("resourcechanges | where name == 'x'", "name == 'x'"),
    ],
)
def test_what_is_not_modelled_is_refused_by_its_name(
    emulator: EmulatorProcess, query: str, named: str
) -> None:
    answer = ask(emulator, query)
    assert answer.status_code == 501
    assert named in answer.json()["error"]["message"]


def test_a_body_without_a_query_is_refused(emulator: EmulatorProcess) -> None:
    assert ask(emulator, "").status_code == 400
