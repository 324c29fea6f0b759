"""Protects: workspaces of the emulator, as the official client, azure-native's bodies and a careless user meet them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.contract.machine_learning_platform import (
    ML_VERSION,
    WORKSPACE,
    MachineLearningPlatform,
    machine_learning_platform,
)


@pytest.fixture(scope="module")
def azure_ml() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as platform:
        yield platform


def test_client_reads_lists_and_updates_the_workspace(azure_ml: MachineLearningPlatform) -> None:
    client = azure_ml.client()
    workspace = client.workspaces.get()
    assert workspace.name == WORKSPACE
    assert workspace.location == "westeurope"
    assert [entry.name for entry in client.workspaces.list()] == [WORKSPACE]
    workspace.description = "Changed by the client"
    workspace.tags = {"owner": "team"}
    assert client.workspaces.begin_update(workspace).result().description == "Changed by the client"
    assert azure_ml.get("")["tags"] == {"owner": "team"}
    assert azure_ml.get("")["systemData"]["lastModifiedByType"] == "Application"


def test_client_creates_and_purges_a_workspace_of_its_own(azure_ml: MachineLearningPlatform) -> None:
    from azure.ai.ml.entities import Workspace

    client, parts = azure_ml.client(), azure_ml.workspace_body()["properties"]
    wanted = Workspace(
        name="mlw-sdk",
        location="westeurope",
        storage_account=parts["storageAccount"],
        key_vault=parts["keyVault"],
        application_insights=parts["applicationInsights"],
    )
    assert client.workspaces.begin_create(wanted).result().storage_account == parts["storageAccount"]
    purge = {"delete_dependent_resources": False, "permanently_delete": True}
    client.workspaces.begin_delete("mlw-sdk", **purge).result()
    assert [entry.name for entry in client.workspaces.list()] == [WORKSPACE]


def test_discovery_leads_every_service_back_here_without_a_token(azure_ml: MachineLearningPlatform) -> None:
    url = azure_ml.get("")["properties"]["discoveryUrl"]
    services = requests.get(url, verify=str(azure_ml.emulator.home / "ca.pem"), timeout=120).json()
    assert services["api"] == services["history"] == azure_ml.emulator.base_url


def test_workspace_names_every_missing_dependency_at_once(azure_ml: MachineLearningPlatform) -> None:
    body = azure_ml.workspace_body()
    body["properties"]["storageAccount"] = (
        f"{azure_ml.group_id}/providers/Microsoft.Storage/storageAccounts/none"
    )
    del body["properties"]["keyVault"]
    other = f"{azure_ml.workspace_id}2"
    response = azure_ml.emulator.request("PUT", other, api_version=ML_VERSION, json=body)
    assert response.status_code == 400
    assert {detail["target"] for detail in response.json()["error"]["details"]} == {
        "storageAccount",
        "keyVault",
    }
    assert azure_ml.emulator.request("GET", other, api_version=ML_VERSION).status_code == 404


def test_storage_account_of_a_workspace_is_fixed(azure_ml: MachineLearningPlatform) -> None:
    account = f"{azure_ml.group_id}/providers/Microsoft.Storage/storageAccounts/stother001"
    azure_ml.put(
        account,
        {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"},
        "2024-01-01",
    )
    response = azure_ml.call("PUT", "", json=azure_ml.workspace_body(storageAccount=account))
    assert (response.status_code, response.json()["error"]["target"]) == (400, "storageAccount")
    azure_ml.emulator.request("DELETE", account, api_version="2024-01-01")


def test_workspace_brings_its_datastores_with_containers_of_its_own(
    azure_ml: MachineLearningPlatform,
) -> None:
    guid = azure_ml.get("")["properties"]["workspaceId"]
    stores = {entry["name"]: entry["properties"] for entry in azure_ml.get("datastores")["value"]}
    assert stores["workspaceblobstore"]["containerName"] == f"azureml-blobstore-{guid}"
    assert stores["workspaceblobstore"]["isDefault"] is True
    assert stores["workspaceartifactstore"]["isDefault"] is False
    assert {store["credentials"]["credentialsType"] for store in stores.values()} == {"None"}


def test_unknown_api_version_is_refused_in_arms_words(azure_ml: MachineLearningPlatform) -> None:
    for path in ("", "/components/x"):
        response = azure_ml.emulator.request("GET", azure_ml.workspace_id + path, api_version="2001-01-01")
        assert response.json()["error"]["code"] == "NoRegisteredProviderFound"
        missing = azure_ml.emulator.request("GET", azure_ml.workspace_id + path, api_version=None)
        assert missing.json()["error"]["code"] == "MissingApiVersionParameter"


def test_deleted_workspace_is_gone_with_its_assets_and_can_be_made_again(
    azure_ml: MachineLearningPlatform,
) -> None:
    second = f"{azure_ml.workspace_id}-b"
    azure_ml.put(second, azure_ml.workspace_body(), ML_VERSION)
    azure_ml.put(f"{second}/environments/e/versions/1", {"properties": {"image": "python:3.11"}}, ML_VERSION)
    assert azure_ml.emulator.request("DELETE", second, api_version=ML_VERSION).status_code == 202
    assert azure_ml.emulator.request("DELETE", second, api_version=ML_VERSION).status_code == 204
    azure_ml.put(second, azure_ml.workspace_body(), ML_VERSION, status=(202,))
    gone = azure_ml.emulator.request("GET", f"{second}/environments/e/versions/1", api_version=ML_VERSION)
    assert gone.status_code == 404


def test_under_noise_a_deleted_name_stays_taken_until_it_is_purged(azure_ml: MachineLearningPlatform) -> None:
    third = f"{azure_ml.workspace_id}-c"
    azure_ml.emulator.control("PUT", "noise", {"enabled": True, "only": ["soft_deleted_workspace"]})
    try:
        azure_ml.put(third, azure_ml.workspace_body(), ML_VERSION)
        azure_ml.emulator.request("DELETE", third, api_version=ML_VERSION)
        again = azure_ml.emulator.request(
            "PUT", third, api_version=ML_VERSION, json=azure_ml.workspace_body()
        )
        assert again.status_code == 400
        assert again.json()["error"]["message"].startswith("Soft-deleted workspace exists.")
        purge = azure_ml.emulator.request(
            "DELETE", third, api_version=ML_VERSION, params={"forceToPurge": "true"}
        )
        assert purge.status_code == 200
        azure_ml.put(third, azure_ml.workspace_body(), ML_VERSION, status=(202,))
    finally:
        azure_ml.emulator.control("PUT", "noise", {"enabled": False})
