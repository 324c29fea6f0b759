"""Protects what the Azure CLI asks of the emulator, request by request; az itself runs in `make conformance`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator_process import EmulatorProcess

STORAGE, NETWORK, TAGS = "2025-08-01", "2025-07-01", "2024-11-01"


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as process:
        process.request("PUT", f"{process.scope}/resourceGroups/rg1", json={"location": "westeurope"})
        yield process


def below(emulator: EmulatorProcess, path: str) -> str:
    return f"{emulator.scope}/resourceGroups/rg1/providers/{path}"


def account(emulator: EmulatorProcess) -> str:
    path = below(emulator, f"Microsoft.Storage/storageAccounts/st{uuid.uuid4().hex[:12]}")
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    assert emulator.request("PUT", path, api_version=STORAGE, json=body).status_code == 202
    return path


def test_metadata_is_a_list_where_az_reads_one_and_an_object_for_cloud_register(emulator):
    (cloud,) = emulator.request("GET", "/metadata/endpoints", principal=None, api_version="2019-05-01").json()
    alone = emulator.request("GET", "/metadata/endpoints", principal=None, api_version="2022-09-01").json()
    assert cloud == alone
    assert cloud["authentication"]["audiences"][0] == cloud["resourceManager"]


@pytest.mark.parametrize(
    ("kind", "condition", "role"),
    [
        ("servicePrincipals", "servicePrincipalNames/any(c:c eq '{client_id}')", "deployer"),
        ("servicePrincipals", "appId eq '{client_id}'", "pipeline"),
        ("users", "userPrincipalName eq '{name}' or mail eq '{name}'", "alice"),
    ],
)
def test_the_directory_turns_names_into_object_ids_and_back(emulator, kind, condition, role):
    principal = emulator.ready["principals"][role]
    params = {"$filter": condition.format_map(principal)}
    (found,) = emulator.request("GET", f"/v1.0/{kind}", api_version=None, params=params).json()["value"]
    assert found["id"] == principal["object_id"]
    body = {"ids": [principal["object_id"], str(uuid.uuid4())], "types": ["user", "servicePrincipal"]}
    back = emulator.request("POST", "/v1.0/directoryObjects/getByIds", api_version=None, json=body).json()
    assert [one["id"] for one in back["value"]] == [principal["object_id"]]


def test_only_a_person_is_me(emulator):
    shown = emulator.request("GET", "/v1.0/me", principal="alice", api_version=None).json()
    assert shown["userPrincipalName"] == "alice@plumbline.example"
    assert emulator.request("GET", "/v1.0/me", principal="deployer", api_version=None).status_code == 400


def test_a_filter_that_is_not_modelled_says_so(emulator):
    params = {"$filter": "startswith(displayName, 'a')"}
    assert emulator.request("GET", "/v1.0/users", api_version=None, params=params).status_code == 501


def test_tags_are_merged_replaced_and_deleted_and_show_on_the_resource(emulator):
    target = account(emulator)
    path = f"{target}/providers/Microsoft.Resources/tags/default"

    def tags(method: str, **body: Any) -> dict[str, str]:
        answer = emulator.request(method, path, api_version=TAGS, json=body).json()
        shown = emulator.request("GET", target, api_version=STORAGE).json()["tags"]
        assert answer["properties"]["tags"] == shown
        return shown

    assert tags("PUT", properties={"tags": {"a": "1"}}) == {"a": "1"}
    assert tags("PATCH", operation="Merge", properties={"tags": {"b": "2"}}) == {"a": "1", "b": "2"}
    assert tags("PATCH", operation="Delete", properties={"tags": {"a": "1"}}) == {"b": "2"}
    assert tags("PATCH", operation="Replace", properties={"tags": {"c": "3"}}) == {"c": "3"}
    assert emulator.request("DELETE", path, api_version=TAGS).status_code == 200
    assert emulator.request("GET", target, api_version=STORAGE).json()["tags"] == {}
    wrong = emulator.request(
        "PATCH", path, api_version=TAGS, json={"operation": "Mend", "properties": {"tags": {}}}
    )
    assert wrong.status_code == 400


@pytest.mark.parametrize(
    ("provider", "version"), [("Microsoft.Storage", STORAGE), ("Microsoft.KeyVault", "2026-02-01")]
)
def test_a_name_that_breaks_the_rule_is_not_available(emulator, provider, version):
    path = f"{emulator.scope}/providers/{provider}/checkNameAvailability"
    answer = emulator.request("POST", path, api_version=version, json={"name": "_"}).json()
    assert (answer["nameAvailable"], answer["reason"]) == (False, "AccountNameInvalid")


def test_a_taken_name_is_not_available(emulator):
    name = account(emulator).rsplit("/", 1)[-1]
    path = f"{emulator.scope}/providers/Microsoft.Storage/checkNameAvailability"
    answer = emulator.request("POST", path, api_version=STORAGE, json={"name": name}).json()
    assert (answer["nameAvailable"], answer["reason"]) == (False, "AlreadyExists")


def test_api_versions_of_a_provider_come_newest_first(emulator):
    shown = emulator.request("GET", f"{emulator.scope}/providers/Microsoft.MachineLearningServices").json()
    versions = {one["resourceType"]: one["apiVersions"] for one in shown["resourceTypes"]}
    assert versions["workspaces"] == sorted(versions["workspaces"], reverse=True)
    assert versions["workspaces"]


def test_a_template_that_az_splices_in_is_taken(emulator):
    template = {"resources": [], "outputs": {"made": {"type": "string", "value": "[resourceGroup().name]"}}}
    text = '{"properties": {"mode": "Incremental", template:' + json.dumps(template) + "}}"
    path = f"{emulator.scope}/resourcegroups/rg1/providers/Microsoft.Resources/deployments/spliced"
    headers = {"Content-Type": "application/json"}
    checked = emulator.request(
        "POST", f"{path}/validate", api_version="2025-04-01", data=text, headers=headers
    )
    assert checked.json()["properties"]["provisioningState"] == "Succeeded"
    made = emulator.request("PUT", path, api_version="2025-04-01", data=text, headers=headers)
    assert made.status_code == 201
    shown = emulator.request("GET", path, api_version="2025-04-01").json()["properties"]
    assert shown["outputs"] == {"made": {"type": "string", "value": "rg1"}}


def test_subnets_put_by_themselves_show_in_the_network_and_go_when_it_names_none(emulator):
    network = below(emulator, "Microsoft.Network/virtualNetworks/vnet1")
    body = {"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
    inline = {"name": "inline", "properties": {"addressPrefix": "10.0.0.0/24"}}
    sent = {**body, "properties": {**body["properties"], "subnets": [inline]}}
    emulator.request("PUT", network, api_version=NETWORK, json=sent)
    alone = {"properties": {"addressPrefix": "10.0.1.0/24"}}
    emulator.request("PUT", f"{network}/subnets/alone", api_version=NETWORK, json=alone)

    def names() -> list[str]:
        shown = emulator.request("GET", network, api_version=NETWORK).json()["properties"]["subnets"]
        assert all(subnet["properties"]["provisioningState"] == "Succeeded" for subnet in shown)
        return [subnet["name"] for subnet in shown]

    assert names() == ["inline", "alone"]
    emulator.request("PUT", network, api_version=NETWORK, json=body)
    assert names() == []


def test_a_container_may_be_called_as_another_services_path(emulator):
    target = account(emulator)
    assert emulator.request(
        "PUT", f"{target}/blobServices/default/containers/data", api_version=STORAGE, json={}
    ).ok
    reader = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
    role = f"{target}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    properties = {
        "principalId": emulator.ready["principals"]["deployer"]["object_id"],
        "principalType": "ServicePrincipal",
        "roleDefinitionId": f"{emulator.scope}/providers/Microsoft.Authorization/roleDefinitions/{reader}",
    }
    assert emulator.request("PUT", role, api_version="2022-04-01", json={"properties": properties}).ok
    token = emulator.token("deployer", audience="https://storage.azure.com")
    headers = {"Authorization": f"Bearer {token}", "x-ms-version": "2025-11-05"}
    listed = emulator.request(
        "GET", "/data", api_version=None, headers=headers, params={"restype": "container", "comp": "list"}
    )
    assert (listed.status_code, "EnumerationResults" in listed.text) == (200, True)


def test_a_policys_refusal_can_be_injected(emulator):
    emulator.control(
        "PUT", "faults", [{"method": "PUT", "path": "storageAccounts/stpolicy$", "status": "policy"}]
    )
    try:
        path = below(emulator, "Microsoft.Storage/storageAccounts/stpolicy")
        refused = emulator.request("PUT", path, api_version=STORAGE, json={})
    finally:
        emulator.control("DELETE", "faults")
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (403, "RequestDisallowedByPolicy")
    assert error["message"].startswith("Resource 'stpolicy' was disallowed by policy. Policy identifiers: '[")
