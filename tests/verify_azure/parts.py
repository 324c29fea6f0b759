"""How the parts are made that checks stand on: group, storage, vault, insights, workspace, cluster."""

from __future__ import annotations

import uuid
from typing import Any

from tests.verify_azure import versions as api
from tests.verify_azure.check import part
from tests.verify_azure.cloud import Refused
from tests.verify_azure.finding import NotChecked
from tests.verify_azure.subject import Subject

BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
CLUSTER = "small"
# Rights on blobs may take this long (learn, "Assign an Azure role for access to blob data").
RIGHTS_SECONDS = 600


@part("group")
def make_group(azure: Subject) -> str:
    """The group of this run, tagged with what it is."""
    return azure.make_group(azure.world.group_name)


@part("storage", "group")
def make_storage(azure: Subject) -> str:
    """A storage account; keys are allowed, so that signatures can be asked about."""
    path = azure.resource("Microsoft.Storage/storageAccounts", f"stva{azure.world.suffix}")
    azure.put(path, api=api.STORAGE, body=storage_body(azure))
    return path


def storage_body(azure: Subject, **properties: Any) -> dict[str, Any]:
    """A storage account that says as little as is allowed."""
    return {
        "location": azure.location,
        "sku": {"name": "Standard_LRS"},
        "kind": "StorageV2",
        "properties": properties,
    }


def vault_body(azure: Subject, **properties: Any) -> dict[str, Any]:
    """A vault that says as little as is allowed, and can be purged."""
    return {
        "location": azure.location,
        "properties": {
            "tenantId": azure.claims()["tid"],
            "sku": {"family": "A", "name": "standard"},
            "accessPolicies": [],
            "softDeleteRetentionInDays": 7,
            **properties,
        },
    }


@part("vault", "group")
def make_vault(azure: Subject) -> str:
    """A key vault."""
    name = f"kv-va-{azure.world.suffix}"
    path = azure.resource("Microsoft.KeyVault/vaults", name)
    azure.world.leftovers.append(f"az keyvault purge --name {name} --location {azure.location}")
    azure.put(path, api=api.VAULT, body=vault_body(azure))
    return path


@part("insights", "group")
def make_insights(azure: Subject) -> str:
    """Application Insights over a Log Analytics workspace."""
    logs = azure.resource("Microsoft.OperationalInsights/workspaces", f"log-va-{azure.world.suffix}")
    azure.put(
        logs,
        api=api.LOG_ANALYTICS,
        body={"location": azure.location, "properties": {"sku": {"name": "PerGB2018"}}},
    )
    path = azure.resource("Microsoft.Insights/components", f"appi-va-{azure.world.suffix}")
    properties = {"Application_Type": "web", "WorkspaceResourceId": logs}
    azure.put(
        path, api=api.INSIGHTS, body={"location": azure.location, "kind": "web", "properties": properties}
    )
    return path


@part("workspace", "storage", "vault", "insights")
def make_workspace(azure: Subject) -> str:
    """A workspace whose datastores go by the caller's identity, as the program's does."""
    path = azure.resource("Microsoft.MachineLearningServices/workspaces", f"mlw-va-{azure.world.suffix}")
    azure.put(path, api=api.ML, body=workspace_body(azure))
    return path


def workspace_body(azure: Subject, **properties: Any) -> dict[str, Any]:
    """What the workspace is made from."""
    return {
        "location": azure.location,
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "storageAccount": azure.part("storage"),
            "keyVault": azure.part("vault"),
            "applicationInsights": azure.part("insights"),
            "systemDatastoresAuthMode": "Identity",
            **properties,
        },
    }


@part("services", "workspace")
def find_services(azure: Subject) -> dict[str, str]:
    """Service -> address, from the page that the workspace names."""
    workspace = azure.get(azure.part("workspace"), api=api.ML)
    found: dict[str, str] = azure.get(workspace["properties"]["discoveryUrl"], api=None)
    return found


@part("blob rights", "workspace")
def grant_blob_rights(azure: Subject) -> str:
    """The login may read and write blobs; waits until the service honours it."""
    account = str(azure.part("storage"))
    assign(azure, account, BLOB_CONTRIBUTOR, azure.claims()["oid"], kind=principal_type(azure))
    service = blob_service(azure)
    name = f"rights{azure.world.suffix}"

    def allowed() -> bool:
        from azure.core.exceptions import HttpResponseError, ResourceExistsError

        try:
            service.create_container(name)
        except ResourceExistsError:
            return True
        except HttpResponseError as error:
            if error.status_code == 403:
                return False
            raise
        return True

    path = f"{account}/blobServices/default/containers/{name}"
    azure.put(path, api=api.STORAGE, body={"properties": {}})
    if not azure.cloud.until(allowed, seconds=RIGHTS_SECONDS):
        raise NotChecked("the login's right to write blobs was not honoured within ten minutes")
    return account


def blob_service(azure: Subject, credential: Any = None) -> Any:
    """azure-storage-blob's client of the storage account."""
    from azure.storage.blob import BlobServiceClient

    account = azure.get(azure.part("storage"), api=api.STORAGE)
    return BlobServiceClient(
        account["properties"]["primaryEndpoints"]["blob"], credential=credential or azure.cloud.credential
    )


def principal_type(azure: Subject) -> str:
    """What kind of principal the login is, as role assignments name it."""
    claims = azure.claims()
    return "User" if claims.get("upn") or claims.get("idtyp") == "user" else "ServicePrincipal"


def assign(
    azure: Subject, scope: str, role: str, principal: str, *, kind: str, name: str | None = None
) -> str:
    """A role assignment's id; the same one again is no error. Raises: Refused."""
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name or uuid.uuid4()}"
    answer = azure.send(
        "PUT", path, api=api.ASSIGNMENT, body=assignment_body(azure, role, principal, kind=kind)
    )
    if answer.status_code >= 400 and answer.status_code != 409:
        raise Refused("PUT", path, answer)
    return path


def assignment_body(azure: Subject, role: str, principal: str, *, kind: str | None) -> dict[str, Any]:
    """The body of a role assignment."""
    definitions = f"{azure.cloud.scope}/providers/Microsoft.Authorization/roleDefinitions"
    named = {"principalType": kind} if kind else {}
    return {"properties": {"principalId": principal, "roleDefinitionId": f"{definitions}/{role}", **named}}


@part("cluster", "workspace")
def make_cluster(azure: Subject) -> str:
    """A cluster of up to two nodes."""
    path = f"{azure.part('workspace')}/computes/{CLUSTER}"
    azure.put(path, api=api.COMPUTE, body=cluster_body(azure))
    return path


def cluster_body(azure: Subject, *, nodes: int = 2, size: str = "Standard_DS2_v2") -> dict[str, Any]:
    """A cluster that goes down to no nodes."""
    scale = {"minNodeCount": 0, "maxNodeCount": nodes, "nodeIdleTimeBeforeScaleDown": "PT120S"}
    return {
        "location": azure.location,
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "computeType": "AmlCompute",
            "properties": {"vmSize": size, "vmPriority": "Dedicated", "scaleSettings": scale},
        },
    }
