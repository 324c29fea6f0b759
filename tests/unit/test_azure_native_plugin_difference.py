"""Protects what counts as a change: no false replace, no false drift, and every true one named to the field."""

from __future__ import annotations

from typing import Any

import pytest

from plumbline.azure_native_plugin.difference import changes, refreshed
from plumbline.azure_native_plugin.table import load

ID = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/rg/providers/Microsoft.Storage/x/y"


def differences(token: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    resource = load().resources[f"azure-native:{token}"]
    return {
        change.path: (change.kind, change.replaces)
        for change in changes(resource, old=old, new=new, state={})
    }


def cluster(**scale: Any) -> dict[str, Any]:
    return {
        "properties": {"computeType": "AmlCompute", "properties": {"vmSize": "A", "scaleSettings": scale}}
    }


def test_changed_maximum_is_one_field_and_no_replace() -> None:
    assert differences(
        "machinelearningservices:Compute",
        cluster(minNodeCount=0, maxNodeCount=4),
        cluster(minNodeCount=0, maxNodeCount=9),
    ) == {"properties.properties.scaleSettings.maxNodeCount": ("update", False)}


def test_changed_vm_size_is_no_replace_the_real_provider_has_none_either() -> None:
    new = cluster(maxNodeCount=4)
    new["properties"]["properties"]["vmSize"] = "B"
    found = differences("machinelearningservices:Compute", cluster(maxNodeCount=4), new)
    assert found == {"properties.properties.vmSize": ("update", False)}


@pytest.mark.parametrize(
    ("token", "name", "replaces"),
    [
        ("storage:StorageAccount", "accountName", True),
        ("storage:StorageAccount", "location", True),
        ("storage:StorageAccount", "isHnsEnabled", True),
        ("storage:StorageAccount", "minimumTlsVersion", False),
        ("authorization:RoleAssignment", "principalId", True),
        ("authorization:RoleAssignment", "roleDefinitionId", False),
        ("machinelearningservices:Workspace", "location", False),
        ("machinelearningservices:Workspace", "workspaceName", True),
    ],
)
def test_only_what_replaces_at_azure_native_replaces(token: str, name: str, replaces: bool) -> None:
    assert differences(token, {name: "a"}, {name: "b"}) == {name: ("update", replaces)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"location": "West Europe"}, {"location": "westeurope"}),
        ({"storageAccount": ID}, {"storageAccount": ID.lower()}),
        ({"tags": {}}, {}),
        ({"associatedWorkspaces": [ID, f"{ID}2"]}, {"associatedWorkspaces": [f"{ID}2".upper(), ID]}),
    ],
)
def test_what_means_the_same_does_not_differ(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert differences("machinelearningservices:Workspace", old, new) == {}


def test_tags_with_dots_are_quoted_in_paths() -> None:
    found = differences(
        "resources:ResourceGroup", {"tags": {"a.b": "1"}}, {"tags": {"a.b": "2", "cost-centre": "3"}}
    )
    assert found == {'tags["a.b"]': ("update", False), "tags.cost-centre": ("add", False)}


def test_scope_without_its_first_slash_is_the_same_scope() -> None:
    assert differences("authorization:RoleAssignment", {"scope": ID}, {"scope": ID[1:]}) == {}


def test_refresh_takes_over_only_what_moved() -> None:
    inputs = {"tags": {"owner": "me"}, "sku": {"name": "Basic"}}
    old = {"tags": {"owner": "me"}, "sku": {"name": "Basic", "tier": "Basic"}, "adminUserEnabled": False}
    new = {"tags": {"owner": "you"}, "sku": {"name": "Basic", "tier": "Basic"}, "adminUserEnabled": True}
    assert refreshed(inputs, old=old, new=new) == {
        "tags": {"owner": "you"},
        "sku": {"name": "Basic"},
        "adminUserEnabled": True,
    }


def test_refresh_takes_over_a_nested_field_the_program_does_not_name_and_nothing_beside_it() -> None:
    old = cluster(minNodeCount=0, maxNodeCount=4)
    new = cluster(minNodeCount=1, maxNodeCount=4)
    assert refreshed(cluster(maxNodeCount=4), old=old, new=new) == cluster(minNodeCount=1, maxNodeCount=4)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"tags": {}, "description": "", "enabled": False}),  # defaults that were late
        ({"tags": {}}, {}),  # dropped nulls
        ({"capping": {"dailyQuotaGb": -1}}, {"capping": {"dailyQuotaGb": -1.0}}),
        ({"keyVault": ID}, {"keyVault": ID.upper()}),  # case of ids
        ({"actions": ["a", "b"]}, {"actions": ["b", "a"]}),  # order of plain lists
        ({"location": "West Europe"}, {"location": "westeurope"}),
        ({"description": "old"}, {"description": "new"}),  # a read that lagged: inputs say "new" already
    ],
)
def test_noise_of_a_service_is_no_drift(old: dict[str, Any], new: dict[str, Any]) -> None:
    inputs = {"keyVault": ID, "location": "westeurope", "description": "new", "actions": ["a", "b"]}
    assert refreshed(inputs, old=old, new=new) == inputs


def test_removed_behind_the_programs_back_is_removed_from_the_inputs() -> None:
    assert refreshed(
        {"tags": {"a": "1", "b": "2"}}, old={"tags": {"a": "1", "b": "2"}}, new={"tags": {"a": "1"}}
    ) == {"tags": {"a": "1"}}


def test_true_is_not_the_number_one() -> None:
    assert differences("resources:ResourceGroup", {"tags": {"a": True}}, {"tags": {"a": 1}}) == {
        "tags.a": ("update", False)
    }
