"""startPendingUpload: a container of its own for the files of one code version, and a signature that opens it."""

from __future__ import annotations

import secrets
import string
import uuid

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.blob.containers import Containers, container_url
from plumbline.emulator.services.machine_learning.asset_place import WORKSPACE
from plumbline.emulator.services.machine_learning.rule import rule
from plumbline.emulator.store import Resource

_LIFETIME_SECONDS = 8 * 3600
"""As recorded for a registry's uploads (test_registry_environment_create_conda_and_get, 2023-03-09)."""
_CONTAINER_CHARACTERS = string.digits + string.ascii_lowercase


def start_pending_upload(call: Call) -> Reply:
    """A new container on every call, as azure-ai-ml's own comment describes the service."""
    workspace = WORKSPACE.parent(call)
    account_id = workspace.body["properties"].get("storageAccount")
    account = call.emulator.store.get(account_id) if account_id else None
    if account is None:
        raise AzureError(
            400, "UserError", f"Workspace '{workspace.name}' has no storage account.", "storageAccount"
        )
    guid = uuid.uuid4()
    container = Containers(call.emulator.store).create(
        account.id, _container_name(call, workspace, guid), call.principal
    )
    reference = upload_reference(call, container, account.id)
    return Reply(
        json=reference
        | {
            "pendingUploadId": str(guid),
            "pendingUploadType": rule(call.emulator, "upload_type", otherwise="TemporaryBlobReference"),
        }
    )


def _container_name(call: Call, workspace: Resource, guid: uuid.UUID) -> str:
    workspace_guid = workspace.body["properties"]["workspaceId"]
    if rule(call.emulator, "upload_container") == "whole_guid":
        return f"{workspace_guid}-{''.join(secrets.choice(_CONTAINER_CHARACTERS) for _ in range(26))}"
    return f"{workspace_guid[:8]}-{guid}"


def upload_reference(call: Call, container: Resource, account_id: str) -> dict[str, object]:
    """What a client needs to upload into a container."""
    url, sas = container_url(call.emulator.settings, container), call.emulator.sas
    permissions = rule(call.emulator, "upload_permissions", otherwise="racwl")
    if rule(call.emulator, "upload_delegation"):
        signature = sas.sign_delegated(
            container.name, permissions=permissions, lifetime_seconds=_LIFETIME_SECONDS,
            object_id=str(uuid.uuid5(uuid.NAMESPACE_URL, account_id.lower())), tenant_id=call.emulator.settings.tenant_id,
        )  # fmt: skip
    else:
        signature = sas.sign(container.name, permissions=permissions, lifetime_seconds=_LIFETIME_SECONDS)
    return {
        "blobReferenceForConsumption": {
            "blobUri": url,
            "storageAccountArmId": account_id,
            "credential": {"credentialType": "SAS", "sasUri": f"{url}?{signature}"},
        }
    }
