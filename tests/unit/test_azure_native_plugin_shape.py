"""Protects the stand-in's wire format: what the SDK's inputs become on ARM's wire, and what comes back."""

from __future__ import annotations

from typing import Any

import pytest

from plumbline.azure_native_plugin.errors import ShapeError
from plumbline.azure_native_plugin.shape import Shape
from plumbline.azure_native_plugin.table import load
from plumbline.azure_native_plugin.values import UNKNOWN

SUBSCRIPTION = "22222222-2222-4222-8222-222222222222"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"


def shape(token: str) -> Shape:
    return Shape(load(), load().resources[f"azure-native:{token}"])


def test_every_row_names_its_source_and_has_only_known_inputs_in_its_path() -> None:
    for resource in load().resources.values():
        unknown = set(resource.path_parameters) - set(resource.inputs)
        assert not unknown, resource.token
        assert resource.replace <= set(resource.inputs), resource.token
        assert {path.partition(".")[0].partition("[")[0] for path in resource.wire} <= set(resource.inputs)
        assert {path.partition(".")[0].partition("[")[0] for path in resource.nested} <= set(resource.inputs)


def test_token_with_a_version_is_the_same_type() -> None:
    table = load()
    assert table.find("azure-native:machinelearningservices/v20251201:Workspace") is table.find(
        "azure-native:machinelearningservices:Workspace"
    )
    assert table.find("azure-native:compute:VirtualMachine") is None


def test_storage_account_is_flattened_and_renamed() -> None:
    inputs = {
        "resourceGroupName": "rg",
        "accountName": "store",
        "location": "westeurope",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "tags": {"owner": "me"},
        "enableHttpsTrafficOnly": True,
        "allowSharedKeyAccess": False,
        "networkRuleSet": {
            "defaultAction": "Deny",
            "ipRules": [{"iPAddressOrRange": "10.0.0.0/8", "action": "Allow"}],
            "virtualNetworkRules": [{"virtualNetworkResourceId": f"{GROUP}/x"}],
        },
        "encryption": {"keySource": "Microsoft.Keyvault", "keyVaultProperties": {"keyName": "k"}},
    }
    storage = shape("storage:StorageAccount")
    assert storage.resource_id(inputs, subscription_id=SUBSCRIPTION) == (
        f"{GROUP}/providers/Microsoft.Storage/storageAccounts/store"
    )
    assert storage.body(inputs) == {
        "location": "westeurope",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "tags": {"owner": "me"},
        "properties": {
            "supportsHttpsTrafficOnly": True,
            "allowSharedKeyAccess": False,
            "networkAcls": {
                "defaultAction": "Deny",
                "ipRules": [{"value": "10.0.0.0/8", "action": "Allow"}],
                "virtualNetworkRules": [{"id": f"{GROUP}/x"}],
            },
            "encryption": {"keySource": "Microsoft.Keyvault", "keyvaultproperties": {"keyname": "k"}},
        },
    }


@pytest.mark.parametrize(
    ("token", "inputs", "body"),
    [
        (
            "operationalinsights:Workspace",
            {"location": "westeurope", "sku": {"name": "PerGB2018"}, "retentionInDays": 30},
            {"location": "westeurope", "properties": {"sku": {"name": "PerGB2018"}, "retentionInDays": 30}},
        ),
        (
            "applicationinsights:Component",
            {"kind": "web", "applicationType": "web", "workspaceResourceId": "/w", "retentionInDays": 90},
            {
                "kind": "web",
                "properties": {"Application_Type": "web", "WorkspaceResourceId": "/w", "RetentionInDays": 90},
            },
        ),
        (
            "authorization:RoleDefinition",
            {"roleType": "CustomRole", "roleName": "Runs", "permissions": [{"actions": ["a/read"]}]},
            {
                "properties": {
                    "type": "CustomRole",
                    "roleName": "Runs",
                    "permissions": [{"actions": ["a/read"]}],
                }
            },
        ),
        ("resources:ResourceGroup", {"location": "westeurope"}, {"location": "westeurope"}),
        (
            "machinelearningservices:Workspace",
            {
                "kind": "Default",
                "storageAccount": "/s",
                "identity": {"type": "UserAssigned", "userAssignedIdentities": [f"{GROUP}/id"]},
            },
            {
                "kind": "Default",
                "identity": {"type": "UserAssigned", "userAssignedIdentities": {f"{GROUP}/id": {}}},
                "properties": {"storageAccount": "/s"},
            },
        ),
        (
            "machinelearningservices:Compute",
            {"properties": {"computeType": "AmlCompute", "properties": {"vmSize": "STANDARD_DS3_V2"}}},
            {"properties": {"computeType": "AmlCompute", "properties": {"vmSize": "STANDARD_DS3_V2"}}},
        ),
        (
            "network:VirtualNetwork",
            {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "subnets": [{"name": "a", "addressPrefix": "10.0.1.0/24"}],
            },
            {
                "properties": {
                    "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                    "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.1.0/24"}}],
                }
            },
        ),
        (
            "network:PrivateEndpoint",
            {
                "subnet": {"id": "/subnet", "privateEndpointNetworkPolicies": "Disabled"},
                "privateLinkServiceConnections": [
                    {"name": "c", "groupIds": ["blob"], "privateLinkServiceId": "/s"}
                ],
            },
            {
                "properties": {
                    "subnet": {
                        "id": "/subnet",
                        "properties": {"privateEndpointNetworkPolicies": "Disabled"},
                    },
                    "privateLinkServiceConnections": [
                        {"name": "c", "properties": {"groupIds": ["blob"], "privateLinkServiceId": "/s"}}
                    ],
                }
            },
        ),
    ],
)
def test_body_and_answer_are_each_others_inverse(
    token: str, inputs: dict[str, Any], body: dict[str, Any]
) -> None:
    one = shape(token)
    assert one.body(inputs) == body
    assert one.project(one.outputs({"id": "/x", "name": "n", "type": "t", **body})) == inputs


def test_scope_keeps_its_slashes_in_the_id_and_its_first_one_on_import() -> None:
    assignment = shape("authorization:RoleAssignment")
    inputs = {"scope": GROUP, "roleAssignmentName": "a"}
    found = assignment.resource_id(inputs, subscription_id=SUBSCRIPTION)
    assert found == f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/a"
    assert assignment.imported(found, {})["scope"] == GROUP


def test_import_takes_names_from_the_id_whatever_its_case_and_leaves_out_what_is_empty() -> None:
    vault = shape("keyvault:Vault")
    outputs = vault.outputs(
        {"name": "kv", "tags": {}, "location": "westeurope", "properties": {"tenantId": "t"}}
    )
    found = vault.imported(f"{GROUP.lower()}/providers/microsoft.keyvault/vaults/kv", outputs)
    assert found == {
        "resourceGroupName": "rg",
        "vaultName": "kv",
        "location": "westeurope",
        "properties": {"tenantId": "t"},
    }


def test_answers_written_as_texts_become_numbers_and_booleans_again() -> None:
    compute = shape("machinelearningservices:Compute")
    outputs = compute.outputs(
        {
            "properties": {
                "computeType": "AmlCompute",
                "disableLocalAuth": "True",
                "properties": {"scaleSettings": {"maxNodeCount": "4", "minNodeCount": 0}, "vmSize": None},
            }
        }
    )
    assert outputs["properties"] == {
        "computeType": "AmlCompute",
        "disableLocalAuth": True,
        "properties": {"scaleSettings": {"maxNodeCount": 4, "minNodeCount": 0}},
    }


def test_preview_answers_unknowns_for_all_that_only_the_service_knows() -> None:
    workspace = shape("machinelearningservices:Workspace")
    outputs = workspace.preview(
        {"location": "westeurope", "identity": {"type": "UserAssigned", "userAssignedIdentities": [UNKNOWN]}}
    )
    assert outputs["location"] == "westeurope"
    assert outputs["name"] == outputs["discoveryUrl"] == UNKNOWN
    assert outputs["identity"] == {
        "type": "UserAssigned",
        "userAssignedIdentities": UNKNOWN,
        "principalId": UNKNOWN,
        "tenantId": UNKNOWN,
    }


def test_missing_name_is_refused_because_the_stand_in_makes_none_up() -> None:
    with pytest.raises(ShapeError, match="workspaceName: got None, expected a name"):
        shape("machinelearningservices:Workspace").resource_id(
            {"resourceGroupName": "rg"}, subscription_id=SUBSCRIPTION
        )
