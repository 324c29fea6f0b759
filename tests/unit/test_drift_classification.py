"""Protects what counts as drift beside the code: what runs and Azure make is none, what a person lays there is."""

from __future__ import annotations

from typing import Any

import pytest

from plumbline.ops.drift.classification import classify
from plumbline.ops.drift.inventory import LiveThing, list_rows
from plumbline.ops.drift.other_stacks import OtherGrant
from plumbline.ops.drift.stack_state import StackState, read_state

GROUP = "/subscriptions/s/resourceGroups/g"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/w"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
PULL, PUSH = "0a0a0a0a-0000-4000-8000-000000000001", "0a0a0a0a-0000-4000-8000-000000000002"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def _state() -> StackState:
    rows = [
        {
            "urn": "urn:train", "custom": True, "type": "plumbline:azureml:Component", "id": f"{WORKSPACE}/components/train",
            "created": "2026-11-01T00:00:00Z", "outputs": {"version": "h2", "registeredVersions": ["h1", "h2"]},
        },
        {
            "urn": "urn:data", "custom": True, "type": "plumbline:azureml:DataAsset", "id": f"{WORKSPACE}/data/claims",
            "created": "2026-11-02T00:00:00Z", "outputs": {"version": "3", "registeredVersions": []},
        },
        {
            "urn": "urn:cpu", "custom": True, "type": "azure-native:machinelearningservices:Compute",
            "id": f"{WORKSPACE}/computes/cpu", "created": "2026-11-02T00:00:00Z", "outputs": {},
        },
        *(
            {
                "urn": f"urn:{role}", "custom": True, "type": "azure-native:authorization:RoleDefinition",
                "id": f"{GROUP}/providers/Microsoft.Authorization/roleDefinitions/{role}", "created": "2026-11-02T00:00:00Z",
                "inputs": {"permissions": [{"actions": actions, "dataActions": []}]},
            }
            for role, actions in ((PULL, ["M/registries/read", "M/registries/assets/read"]), (PUSH, ["M/registries/assets/*"]))
        ),
    ]  # fmt: skip
    return read_state({"deployment": {"resources": rows}})


def _class(noun: str, id: str, version: str | None = None, subject: str = "", **body: Any) -> str:
    thing = LiveThing(noun=noun, type="t", id=id, name=id.rpartition("/")[2], version=version, body=body)
    return classify(thing, _state(), group_id=GROUP, subject=subject).ownership


@pytest.mark.parametrize(
    ("noun", "path", "version", "expected"),
    [
        ("Component", "components/train", "h1", "managed"),
        ("Component", "COMPONENTS/TRAIN", "h2", "managed"),
        ("Component", "components/train", "7", "unmanaged"),
        ("Component", "components/azureml_anonymous", "a-guid", "made by a run"),
        ("DataAsset", "data/claims", "3", "adopted"),
        ("DataAsset", "data/azureml_claims-release-1_output_data_model", "1", "made by a run"),
        ("DataAsset", "data/claims_release_approval", "a1" + "0" * 26, "system"),
        ("DataAsset", "data/claims_release_approval", "1", "unmanaged"),
        ("Environment", "environments/AzureML-sklearn-1.5", "3", "system"),
        ("Compute", "computes/cpu", None, "managed"),
        ("Compute", "computes/another", None, "unmanaged"),
        ("Datastore", "datastores/workspaceblobstore", None, "system"),
        ("Datastore", "datastores/workspaceblobstore2", None, "unmanaged"),
    ],
)
def test_class_follows_from_the_state_and_the_rules(
    noun: str, path: str, version: str | None, expected: str
) -> None:
    assert _class(noun, f"{WORKSPACE}/{path}", version) == expected


def test_a_model_from_a_run_is_the_runs_and_any_other_is_nobodys() -> None:
    path = f"{WORKSPACE}/models/m"
    assert (
        _class("Model", path, "1", properties={"modelUri": "azureml://jobs/j/outputs/model"})
        == "made by a run"
    )
    assert (
        _class("Model", path, "1", properties={"modelUri": "https://a.blob.core.windows.net/x"})
        == "unmanaged"
    )


@pytest.mark.parametrize(
    ("scope", "role", "made", "expected"),
    [
        (WORKSPACE, READER, "2026-01-01T00:00:00Z", "unmanaged"),
        (GROUP, OWNER, "2026-01-01T00:00:00Z", "unmanaged"),
        ("/subscriptions/s", OWNER, "2026-01-01T00:00:00Z", "system"),
        ("/subscriptions/s", OWNER, "2026-11-27T00:00:00Z", "unmanaged"),
        ("/subscriptions/s", OWNER, None, "unmanaged"),
        ("/", OWNER, "2026-11-27T00:00:00Z", "unmanaged"),
        ("/subscriptions/s", READER, "2026-11-27T00:00:00Z", "system"),
        # Another group whose name begins with ours is not ours.
        (f"{GROUP}2", READER, "2026-11-27T00:00:00Z", "system"),
    ],
)
def test_grants_above_count_when_they_can_change_all_and_are_younger_than_the_stack(
    scope: str, role: str, made: str | None, expected: str
) -> None:
    properties = {"scope": scope, "roleDefinitionId": f"/x/{role}", "principalId": "P", "createdOn": made}
    grant = f"{scope}/providers/Microsoft.Authorization/roleAssignments/r"
    assert _class("RoleAssignment", grant, properties=properties) == expected
    assert _class("RoleAssignment", grant, subject="p", properties=properties) == "system"


@pytest.mark.parametrize(
    ("role", "who", "by", "expected"),
    [
        (PULL, "P", "p", "system"),
        # Nobody's state has it: a stranger granted it.
        (PULL, "P", None, "unmanaged"),
        # Taken away and given again under the same name, to somebody else.
        (PULL, "Q", "p", "unmanaged"),
        (PUSH, "P", "p", "unmanaged"),
        (READER, "P", "p", "unmanaged"),
    ],
)
def test_a_pull_grant_is_the_platforms_own_only_where_another_stack_made_it_for_this_principal(
    role: str, who: str, by: str | None, expected: str
) -> None:
    registry = f"{GROUP}/providers/Microsoft.MachineLearningServices/registries/r"
    properties = {
        "scope": registry,
        "roleDefinitionId": f"/x/{role}",
        "principalId": who,
        "principalType": "ServicePrincipal",
    }
    id = f"{registry}/providers/Microsoft.Authorization/roleAssignments/R"
    grant = LiveThing(noun="RoleAssignment", type="t", id=id, name="R", body={"properties": properties})
    others = {id.lower(): OtherGrant(stack="staging", principal_id=by)} if by else {}
    found = classify(grant, _state(), group_id=GROUP, subject="", of_others=others)
    assert found.ownership == expected


def test_every_noun_of_a_rule_is_listed() -> None:
    assert {row.noun for row in list_rows()} >= {
        "Component",
        "Environment",
        "DataAsset",
        "Model",
        "RoleAssignment",
    }
