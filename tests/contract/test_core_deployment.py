"""Protects template deployments: azure-ai-ml's own workspace creation runs, each resource under its own rights."""

from __future__ import annotations

import pytest
from azure.identity import DefaultAzureCredential

from tests.emulator_process import EmulatorProcess


@pytest.fixture
def emulator(tmp_path):
    with EmulatorProcess(home=tmp_path / "home") as process:
        process.request("PUT", f"{process.scope}/resourceGroups/rg1", json={"location": "westeurope"})
        yield process


def test_ml_client_creates_a_workspace_with_everything_it_needs(emulator, monkeypatch):
    for name, value in emulator.environment("alice").items():
        monkeypatch.setenv(name, value)
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Workspace

    client = MLClient(DefaultAzureCredential(), emulator.subscription_id, "rg1")
    made = client.workspaces.begin_create(Workspace(name="ws1", location="westeurope")).result()
    listed = emulator.request("GET", f"{emulator.scope}/resourceGroups/rg1/resources").json()["value"]
    kinds = sorted(item["type"] for item in listed)
    assert kinds == [
        "Microsoft.Insights/components",
        "Microsoft.KeyVault/vaults",
        "Microsoft.MachineLearningServices/workspaces",
        "Microsoft.OperationalInsights/workspaces",
        "Microsoft.Storage/storageAccounts",
    ]
    assert made.storage_account in {item["id"] for item in listed}


def deploy(emulator, resources, principal="deployer", **parts):
    """The deployment's properties once it ended, and what its operation said."""
    path = f"{emulator.scope}/resourcegroups/rg1/providers/Microsoft.Resources/deployments/d1"
    template = {"resources": resources, **parts}
    accepted = emulator.request(
        "PUT",
        path,
        principal=principal,
        api_version="2020-06-01",
        json={"properties": {"template": template}},
    )
    assert (accepted.status_code, accepted.json()["properties"]["provisioningState"]) == (201, "Accepted")
    ended = emulator.request("GET", accepted.headers["Azure-AsyncOperation"], api_version=None).json()
    properties = emulator.request("GET", path, api_version="2020-06-01").json()["properties"]
    assert ended["status"] == properties["provisioningState"]
    return properties


def identity(name: str = "id1", **rest):
    return {
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": name,
        "location": "[resourceGroup().location]", **rest,
    }  # fmt: skip


def test_expressions_conditions_and_variables_are_worked_out(emulator):
    resources = [
        identity(
            "[concat(variables('stem'), '-', parameters('n'))]", condition="[equals(parameters('n'), 'one')]"
        ),
        identity("skipped", condition="[not(equals(parameters('n'), 'one'))]"),
    ]
    properties = deploy(
        emulator, resources, variables={"stem": "[toLower('ID')]"},
        parameters={"n": {"type": "string", "defaultValue": "one"}},
    )  # fmt: skip
    assert properties["provisioningState"] == "Succeeded"
    assert [item["id"].rsplit("/", 1)[-1] for item in properties["outputResources"]] == ["id-one"]


def test_a_refused_resource_fails_the_deployment_with_its_reason(emulator):
    resources = [identity(), {**identity("id2"), "apiVersion": "2001-01-01"}, identity("id3")]
    properties = deploy(emulator, resources)
    assert properties["provisioningState"] == "Failed"
    assert properties["error"]["details"][0]["code"] == "NoRegisteredProviderFound"
    assert len(properties["outputResources"]) == 1


def test_a_deployment_gives_nobody_rights_that_they_lack(emulator):
    assignment = {
        "type": "Microsoft.Authorization/locks", "apiVersion": "2020-05-01", "name": "l1",
        "properties": {"level": "CanNotDelete"},
    }  # fmt: skip
    properties = deploy(emulator, [assignment], principal="alice")
    assert properties["error"]["details"][0]["code"] == "AuthorizationFailed"


def test_an_expression_outside_the_language_is_refused(emulator):
    properties = deploy(emulator, [identity("[reference('x')]")])
    assert properties["error"]["details"][0]["code"] == "InvalidTemplate"
