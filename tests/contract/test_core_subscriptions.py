"""Protects an emulator that plays several subscriptions: each has its own groups, roles, rights and activity log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.emulator_process import EmulatorProcess

OTHER = "55555555-5555-4555-8555-555555555555"
GROUPS = "2024-03-01"


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    others = ("--also-stack", "prod", "--other-subscription", f"prod={OTHER}")
    with EmulatorProcess(stack="dev", cloud="PlumblineRehearsal", extra=others) as process:
        yield process


def _scopes(emulator: EmulatorProcess) -> tuple[str, str]:
    return emulator.scope, f"/subscriptions/{OTHER}"


def test_both_are_listed_and_a_third_is_not_there(emulator: EmulatorProcess) -> None:
    listed = emulator.request("GET", "/subscriptions", api_version="2022-12-01").json()["value"]
    assert [one["id"] for one in listed] == list(_scopes(emulator))
    unknown = emulator.request("GET", f"/subscriptions/{'9' * 8}-9999-4999-8999-{'9' * 12}/resourcegroups")
    assert unknown.json()["error"]["code"] == "SubscriptionNotFound"


def test_groups_of_one_name_are_two_and_each_log_holds_its_own_alone(emulator: EmulatorProcess) -> None:
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    for at, scope in enumerate(_scopes(emulator)):
        body = {"location": "westeurope", "tags": {"at": str(at)}}
        made = emulator.request("PUT", f"{scope}/resourcegroups/twins", json=body)
        assert (made.status_code, made.json()["id"]) == (201, f"{scope}/resourceGroups/twins")
    for at, scope in enumerate(_scopes(emulator)):
        listed = emulator.request("GET", f"{scope}/resourcegroups").json()["value"]
        assert [(one["id"], one["tags"]["at"]) for one in listed] == [
            (f"{scope}/resourceGroups/twins", str(at))
        ]
        asked = {"$filter": f"eventTimestamp ge '{since}' and resourceGroupName eq 'twins'"}
        log = f"{scope}/providers/Microsoft.Insights/eventtypes/management/values"
        events = emulator.request("GET", log, api_version="2015-04-01", params=asked).json()["value"]
        assert {one["subscriptionId"] for one in events} == {scope.rpartition("/")[2]}


def test_a_role_of_one_subscription_gives_nothing_in_the_other(emulator: EmulatorProcess) -> None:
    reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    own, other = _scopes(emulator)
    who = emulator.ready["principals"]["pipeline"]["object_id"]
    name = "00000000-0000-4000-8000-0000000000aa"
    given = emulator.request(
        "PUT", f"{other}/providers/Microsoft.Authorization/roleAssignments/{name}",
        principal="owner", api_version="2022-04-01",
        json={"properties": {
            "principalId": who, "principalType": "ServicePrincipal",
            "roleDefinitionId": f"{other}/providers/Microsoft.Authorization/roleDefinitions/{reader}",
        }},
    )  # fmt: skip
    assert given.status_code == 201, given.text
    assert given.json()["properties"]["roleDefinitionId"].startswith(f"{other}/")
    statuses = [
        emulator.request("GET", f"{scope}/resourcegroups", principal="pipeline").status_code
        for scope in (own, other)
    ]
    assert statuses == [403, 200]
