"""Workspaces: what they depend on, what they bring along, how they go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.blob.containers import Containers
from plumbline.emulator.services.machine_learning.asset_form import Seen, formed
from plumbline.emulator.services.machine_learning.asset_place import PROVIDER, WORKSPACE
from plumbline.emulator.services.machine_learning.rule import rule
from plumbline.emulator.services.resource_manager import long_operation
from plumbline.emulator.services.resource_manager.resource_handlers import Hooks, ResourceHandlers
from plumbline.emulator.services.resource_manager.resource_types import ResourceType
from plumbline.emulator.store import Resource, Store

DATASTORE_TYPE = f"{PROVIDER}/workspaces/datastores"
FORMS = Path(__file__).with_name("resource_forms.yaml")
"""Forms of datastores, computes, workspaces and registries."""
NAME_IS_KEPT = "soft_deleted_workspace"
"""Noise: a deleted workspace's name stays taken until it is purged."""

_WITHOUT_RESOURCES = {"hub", "project"}
# properties field -> (ARM type that it must name, required for an ordinary workspace)
_DEPENDENCIES = {
    "storageAccount": ("Microsoft.Storage/storageAccounts", True),
    "keyVault": ("Microsoft.KeyVault/vaults", True),
    "applicationInsights": ("Microsoft.Insights/components", False),
    "containerRegistry": ("Microsoft.ContainerRegistry/registries", False),
}
_FIXED = ("storageAccount", "keyVault", "hbiWorkspace", "workspaceId")
_SYSTEM_DATASTORES = {"workspaceblobstore": "azureml-blobstore-{guid}", "workspaceartifactstore": "azureml"}
_FILE_STORE = "workspacefilestore"
_SCHEMA = ("CREATE TABLE soft_deleted_workspace (workspace_key TEXT PRIMARY KEY)",)


def prepare(store: Store) -> None:
    """Create the table of soft-deleted workspaces."""
    store.migrate("soft_deleted_workspace", _SCHEMA)


def check(call: Call, workspace_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    """Before a workspace is stored: its name is free, what it names exists, what is fixed stays.

    Raises: AzureError: 400, naming every dependency that is missing.
    """
    if present is None and _is_soft_deleted(call.emulator.store, workspace_id):
        # Source: Azure/ResourceModules issue 3596 has this answer from a real deployment.
        raise AzureError(
            400,
            "BadRequest",
            "Soft-deleted workspace exists. Please purge or recover it. https://aka.ms/wsoftdelete",
        )
    properties = body.setdefault("properties", {})
    ordinary = str(body.get("kind", "Default")).lower() not in _WITHOUT_RESOURCES
    problems = []
    for field, (type_name, required) in _DEPENDENCIES.items():
        named = properties.get(field)
        if not named:
            if required and ordinary:
                problems.append(
                    (field, f"Missing dependent resources in workspace json: {field} is required.")
                )
            continue
        found = call.emulator.store.get(str(named))
        if found is None or found.type.lower() != type_name.lower():
            problems.append((field, f"Resource '{named}' of type {type_name} was not found."))
    if problems:
        details = [
            {"code": "InvalidDependency", "message": message, "target": field} for field, message in problems
        ]
        raise AzureError(400, "ValidationError", problems[0][1], problems[0][0], details)
    if present is not None:
        for field in _FIXED:
            before, after = present.body["properties"].get(field), properties.get(field)
            if before is not None and str(before).lower() != str(after).lower():
                raise AzureError(
                    400, "ValidationError", f"Workspace property {field} cannot be changed.", field
                )
    host = call.base_url.removeprefix("https://")
    properties["mlFlowTrackingUri"] = f"azureml://{host}/mlflow/v1.0{workspace_id}"


def bring_along(call: Call, workspace: Resource) -> None:
    """After a workspace is stored: its own datastores and their containers, when they are not there yet."""
    properties = workspace.body["properties"]
    account_id = properties.get("storageAccount")
    if not account_id:
        return
    store = call.emulator.store
    account = store.get(account_id)
    assert account is not None, "checked before the workspace was stored"
    identity_based = str(properties["systemDatastoresAuthMode"]).lower() == "identity"
    segments = account.id.split("/")
    stores = dict(_SYSTEM_DATASTORES)
    if rule(call.emulator, "file_store"):
        stores[_FILE_STORE] = "azureml-filestore-{guid}"
    for name, pattern in stores.items():
        datastore_id = f"{workspace.id}/datastores/{name}"
        present = store.get(datastore_id)
        credentials = {"credentialsType": "None" if identity_based else "AccountKey"}
        if present is None:
            # Azure calls the artifact store's container "azureml" in every account. A name alone must tell the
            # account here (see blob/containers.py), so it carries the workspace's id too.
            container = pattern.format(guid=properties["workspaceId"])
            if "{guid}" not in pattern:
                container = f"{container}-{properties['workspaceId']}"
            # A file share is kept as a container, too: jobs write to it, and no client mounts it here.
            Containers(store).create(account.id, container, None)
            kind = {"datastoreType": "AzureFile", "fileShareName": container}
            if name != _FILE_STORE:
                kind = {"datastoreType": "AzureBlob", "containerName": container}
            settings = {
                **kind,
                "accountName": account.name,
                "endpoint": call.emulator.settings.storage_suffix,
                "protocol": "https",
                "resourceGroup": segments[4],
                "subscriptionId": segments[2],
                "isDefault": name == "workspaceblobstore",
                "serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity",
            }
            body = {"properties": {**settings, "credentials": credentials}}
            store.put(datastore_id, body, type=DATASTORE_TYPE, principal=None)
        elif present.body["properties"]["credentials"] != credentials:
            body = {"properties": {**present.body["properties"], "credentials": credentials}}
            store.put(datastore_id, body, type=DATASTORE_TYPE, principal=call.principal)


def presented(call: Call, workspace: Resource, shown: dict[str, Any]) -> dict[str, Any]:
    """A workspace as it is answered, with what the service fills in and its own spelling of ids."""
    lines = call.emulator.recorded.table(FORMS)["workspace"]
    return formed(lines, shown, Seen(kind="workspaces", place="workspace"))


HOOKS = Hooks(before_put=check, after_put=bring_along, presented=presented)


class WorkspaceHandlers(ResourceHandlers):
    """A workspace's DELETE knows `forceToPurge`; all else is the table's."""

    def __init__(self, kind: ResourceType) -> None:
        super().__init__(kind, HOOKS)

    def patch(self, call: Call) -> Reply:
        """Change a workspace: accepted without a body, done by the first poll."""
        reply = super().patch(call)
        return long_operation.accepted(
            call, "ml-workspace", resource_id=reply.json["id"], location=str(reply.json["location"]), state="Updating",
            seconds=0, status=reply.status, content=reply.json,
        )  # fmt: skip

    def delete(self, call: Call) -> Reply:
        """Remove a workspace with all that is in it; under noise its name stays taken unless it is purged."""
        store, workspace_id = call.emulator.store, WORKSPACE.id(_named_workspace(call))
        key = (workspace_id.lower(),)
        purge = call.query.get("forcetopurge", "").lower() == "true"
        if purge and _is_soft_deleted(store, workspace_id):
            store.execute("DELETE FROM soft_deleted_workspace WHERE workspace_key = ?", key)
            return Reply(status=200)
        present = store.get(workspace_id)
        reply = super().delete(call)
        if present is not None and not purge and call.emulator.noises.has(NAME_IS_KEPT):
            store.execute("REPLACE INTO soft_deleted_workspace VALUES (?)", key)
        return reply


def discovery(call: Call) -> Reply:
    """Where the services of a workspace are reached: all here."""
    base = call.base_url
    services = (
        "api",
        "catalog",
        "experimentation",
        "gallery",
        "history",
        "hyperdrive",
        "labeling",
        "modelmanagement",
    )
    return Reply(json=dict.fromkeys(services, base) | {"pipelines": base, "studio": base})


def _named_workspace(call: Call) -> Call:
    call.params.setdefault("workspace", call.params["name"])
    return call


def _is_soft_deleted(store: Store, workspace_id: str) -> bool:
    return bool(
        store.execute("SELECT 1 FROM soft_deleted_workspace WHERE workspace_key = ?", (workspace_id.lower(),))
    )
