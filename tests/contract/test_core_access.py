"""Protects that rights are real: role assignments decide, at their scope and below, and a refusal says who and what."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.emulator_process import EmulatorProcess

ROLES = "2022-04-01"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as process:
        yield process


@pytest.fixture
def group(emulator: EmulatorProcess) -> str:
    path = f"{emulator.scope}/resourceGroups/rg-{uuid.uuid4().hex[:8]}"
    assert emulator.request("PUT", path, json={"location": "westeurope"}).status_code == 201
    return path


def assign(emulator, scope, role, principal, *, name=None, as_principal="deployer"):
    name = name or str(uuid.uuid4())
    properties = {
        "roleDefinitionId": f"{emulator.scope}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        "principalId": emulator.ready["principals"].get(principal, {}).get("object_id", principal),
    }
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    return emulator.request(
        "PUT", path, principal=as_principal, api_version=ROLES, json={"properties": properties}
    )


def put_identity(emulator, group, name="id1", **options):
    path = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    return emulator.request("PUT", path, api_version="2023-01-31", json={"location": "westeurope"}, **options)


def test_pipeline_may_nothing_until_it_is_assigned_and_then_only_there(emulator, group):
    refused = emulator.request("GET", group, principal="pipeline")
    assert refused.status_code == 403
    error, pipeline = refused.json()["error"], emulator.ready["principals"]["pipeline"]
    assert error["code"] == "AuthorizationFailed"
    assert error["message"].startswith(
        f"The client '{pipeline['client_id']}' with object id '{pipeline['object_id']}' does not have authorization to "
        f"perform action 'Microsoft.Resources/subscriptions/resourceGroups/read' over scope '{group}'"
    )
    assert assign(emulator, group, READER, "pipeline").status_code == 201
    assert emulator.request("GET", group, principal="pipeline").status_code == 200
    assert put_identity(emulator, group, principal="pipeline").status_code == 403
    assert (
        emulator.request("GET", f"{emulator.scope}/resourceGroups", principal="pipeline").status_code == 403
    )


def test_a_removed_assignment_takes_the_right_away(emulator, group):
    made = assign(emulator, group, CONTRIBUTOR, "pipeline").json()
    assert put_identity(emulator, group, principal="pipeline").status_code == 201
    assert emulator.request("DELETE", made["id"], api_version=ROLES).status_code == 200
    assert put_identity(emulator, group, principal="pipeline").status_code == 403


def test_a_contributor_may_not_grant_rights(emulator, group):
    refused = assign(emulator, group, READER, "pipeline", as_principal="alice")
    assert refused.status_code == 403
    assert "Microsoft.Authorization/roleAssignments/write" in refused.json()["error"]["message"]


def test_the_same_assignment_again_changes_nothing_but_a_second_guid_is_refused(emulator, group):
    first = assign(emulator, group, READER, "pipeline")
    again = assign(emulator, group, READER, "pipeline", name=first.json()["name"])
    other = assign(emulator, group, READER, "pipeline")
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert other.json()["error"]["code"] == "RoleAssignmentExists"


def test_an_assignment_to_nobody_is_refused(emulator, group):
    answer = assign(emulator, group, READER, str(uuid.uuid4()))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "PrincipalNotFound")


def test_a_managed_identity_is_a_principal_that_can_be_granted_a_role(emulator, group):
    identity = put_identity(emulator, group).json()["properties"]
    assert assign(emulator, group, READER, identity["principalId"]).status_code == 201
    token = emulator.token(identity["principalId"])
    options = {"principal": None, "headers": {"Authorization": f"Bearer {token}"}}
    assert emulator.request("GET", group, **options).status_code == 200
    assert emulator.request("DELETE", group, **options).status_code == 403


def test_a_custom_role_grants_what_it_lists_less_what_it_takes_out(emulator, group):
    role = str(uuid.uuid4())
    path = f"{emulator.scope}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    rights = {
        "actions": ["Microsoft.ManagedIdentity/*", "Microsoft.Resources/subscriptions/resourceGroups/read"],
        "notActions": ["Microsoft.ManagedIdentity/userAssignedIdentities/delete"],
    }
    properties = {"roleName": f"Narrow {role}", "assignableScopes": [group], "permissions": [rights]}
    made = emulator.request("PUT", path, api_version="2022-05-01-preview", json={"properties": properties})
    assert made.status_code == 201, made.text
    assert assign(emulator, group, role, "pipeline").status_code == 201
    identity = put_identity(emulator, group, principal="pipeline")
    assert identity.status_code == 201
    gone = emulator.request("DELETE", identity.json()["id"], principal="pipeline", api_version="2023-01-31")
    assert gone.status_code == 403
    blocked = emulator.request("DELETE", path, api_version="2022-05-01-preview")
    assert (blocked.status_code, blocked.json()["error"]["code"]) == (400, "RoleDefinitionHasAssignments")


def test_assignments_are_listed_with_those_from_above(emulator, group):
    made = assign(emulator, group, READER, "pipeline").json()
    path = f"{group}/providers/Microsoft.Authorization/roleAssignments"
    listed = emulator.request("GET", path, api_version=ROLES, params={"$filter": "atScope()"}).json()["value"]
    scopes = {item["properties"]["scope"] for item in listed}
    assert made["id"] in {item["id"] for item in listed}
    assert scopes == {group, emulator.scope}


def test_the_subscription_is_listed_only_for_who_sees_something_in_it(emulator):
    with EmulatorProcess() as fresh:
        assert fresh.request("GET", "/subscriptions", principal="pipeline").json()["value"] == []
        assert len(fresh.request("GET", "/subscriptions", principal="alice").json()["value"]) == 1


def test_another_subscription_is_not_found(emulator):
    answer = emulator.request("GET", f"/subscriptions/{uuid.uuid4()}/resourceGroups")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "SubscriptionNotFound")
