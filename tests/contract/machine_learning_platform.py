"""A small Azure ML platform on an emulator of its own, made through ARM; and the official client, set up by env only."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from tests.emulator_process import EmulatorProcess

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.storage.blob import BlobServiceClient

GROUP, WORKSPACE, ACCOUNT = "rg-ml", "mlw-test", "sttest001"
ML_VERSION = "2025-12-01"
_BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"


@dataclass(kw_only=True)
class MachineLearningPlatform:
    """What tests of the Azure ML control plane stand on."""

    emulator: EmulatorProcess

    @property
    def group_id(self) -> str:
        """The resource group."""
        return f"{self.emulator.scope}/resourceGroups/{GROUP}"

    @property
    def workspace_id(self) -> str:
        """The workspace."""
        return f"{self.group_id}/providers/Microsoft.MachineLearningServices/workspaces/{WORKSPACE}"

    @property
    def account_id(self) -> str:
        """The workspace's storage account."""
        return f"{self.group_id}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"

    def put(
        self, path: str, body: dict[str, Any], version: str, *, status: tuple[int, ...] = (200, 201, 202)
    ) -> Any:
        """PUT, and the answer's JSON; None where only a later poll has one."""
        response = self.emulator.request("PUT", path, api_version=version, json=body)
        assert response.status_code in status, (path, response.status_code, response.text)
        return response.json() if response.content else None

    def get(self, path: str, **params: str) -> Any:
        """GET of an Azure ML resource below the workspace ("computes/c"), its JSON."""
        where = f"{self.workspace_id}/{path}".rstrip("/")
        response = self.emulator.request("GET", where, api_version=ML_VERSION, params=params)
        assert response.status_code == 200, (path, response.status_code, response.text)
        return response.json()

    def call(self, method: str, path: str, *, principal: str = "deployer", **options: Any) -> Any:
        """Any request on an Azure ML resource below the workspace; the response, whatever its status."""
        where = f"{self.workspace_id}/{path}".rstrip("/")
        return self.emulator.request(method, where, api_version=ML_VERSION, principal=principal, **options)

    def build(self) -> None:
        """Group, storage, key vault, insights, workspace, and data rights for the deployer."""
        location = {"location": "westeurope"}
        providers = f"{self.group_id}/providers"
        self.put(self.group_id, location, "2024-03-01")
        self.put(
            self.account_id,
            {**location, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2",
             "properties": {"allowSharedKeyAccess": False}},
            "2024-01-01",
        )  # fmt: skip
        self.put(
            f"{providers}/Microsoft.KeyVault/vaults/kv-test-001",
            {**location, "properties": {"tenantId": self.emulator.tenant_id, "sku": {"family": "A", "name": "standard"},
                                        "accessPolicies": []}},
            "2024-11-01",
        )  # fmt: skip
        self.put(
            f"{providers}/Microsoft.Insights/components/appi-test",
            {**location, "kind": "web", "properties": {"Application_Type": "web"}},
            "2020-02-02",
        )
        self.put(self.workspace_id, self.workspace_body(), ML_VERSION)
        self.assign("deployer", _BLOB_CONTRIBUTOR, self.account_id)
        # These tests ask what the service does, not who may: here the deployer is an owner, models included.
        self.emulator.make_owner("deployer")

    def workspace_body(self, **properties: Any) -> dict[str, Any]:
        """What the workspace was made from."""
        providers = f"{self.group_id}/providers"
        return {
            "location": "westeurope",
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "storageAccount": self.account_id,
                "keyVault": f"{providers}/Microsoft.KeyVault/vaults/kv-test-001",
                "applicationInsights": f"{providers}/Microsoft.Insights/components/appi-test",
                "systemDatastoresAuthMode": "Identity",
                **properties,
            },
        }

    def assign(self, principal: str, role: str, scope: str) -> None:
        """Give a seeded principal a role."""
        seeded = self.emulator.ready["principals"][principal]
        self.put(
            f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}",
            {
                "properties": {
                    "principalId": seeded["object_id"],
                    "principalType": "User" if seeded["kind"] == "User" else "ServicePrincipal",
                    "roleDefinitionId": f"{self.emulator.scope}/providers/Microsoft.Authorization/roleDefinitions/{role}",
                }
            },
            "2022-04-01",
        )

    def paths(self, method: str | None = None) -> list[str]:
        """Requests so far as "METHOD /path", without metadata and tokens."""
        found = [f"{entry['method']} {entry['path']}" for entry in self.emulator.control("GET", "requests")]
        wanted = [entry for entry in found if "/metadata/" not in entry and "/msi/" not in entry]
        return [entry for entry in wanted if method is None or entry.startswith(f"{method} ")]

    def forget_requests(self) -> None:
        """Begin a new request log."""
        self.emulator.control("DELETE", "requests")

    @contextmanager
    def environment(self, principal: str = "deployer") -> Iterator[None]:
        """The variables of `plumbline local env`, in force for this process."""
        with patch.dict(os.environ, self.emulator.environment(principal, base=os.environ), clear=True):
            yield

    def client(self, **options: Any) -> MLClient:
        """The unmodified client with the default credential; call it inside `environment`."""
        from azure.ai.ml import MLClient
        from azure.identity import DefaultAzureCredential

        chosen = {"workspace_name": WORKSPACE} | options
        return MLClient(DefaultAzureCredential(), self.emulator.subscription_id, GROUP, **chosen)

    def blobs(self, **options: Any) -> BlobServiceClient:
        """The unmodified client of the workspace's storage, without patience; call it inside `environment`."""
        from azure.identity import DefaultAzureCredential
        from azure.storage.blob import BlobServiceClient

        url = f"https://{ACCOUNT}.blob.emulator@127.0.0.1:{self.emulator.ready['port']}"
        return BlobServiceClient(url, credential=DefaultAzureCredential(), retry_total=0, **options)


@contextmanager
def machine_learning_platform(*, azure_noise: bool = False) -> Iterator[MachineLearningPlatform]:
    """A platform that was just built, removed at the end; the client's environment is in force meanwhile."""
    with EmulatorProcess(azure_noise=azure_noise) as emulator:
        platform = MachineLearningPlatform(emulator=emulator)
        platform.build()
        with platform.environment():
            yield platform
