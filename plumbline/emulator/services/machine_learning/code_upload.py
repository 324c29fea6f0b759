"""startPendingUpload: a container of its own for the files of one code version, and a signature that opens it."""

from __future__ import annotations

import uuid

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.blob.containers import Containers, container_url
from plumbline.emulator.services.machine_learning.asset_place import WORKSPACE
from plumbline.emulator.store import Resource

_PERMISSIONS = "racwl"
_LIFETIME_SECONDS = 24 * 3600


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
        account.id, f"{workspace.body['properties']['workspaceId'][:8]}-{guid}", call.principal
    )
    return Reply(json=upload_reference(call, container, account.id) | {"pendingUploadId": str(guid)})


def upload_reference(call: Call, container: Resource, account_id: str) -> dict[str, object]:
    """What a client needs to upload into a container."""
    url = container_url(call.emulator.settings, container)
    signature = call.emulator.sas.sign(
        container.name, permissions=_PERMISSIONS, lifetime_seconds=_LIFETIME_SECONDS
    )
    return {
        "blobReferenceForConsumption": {
            "blobUri": url,
            "storageAccountArmId": account_id,
            "credential": {"credentialType": "SAS", "sasUri": f"{url}?{signature}"},
        },
        "pendingUploadType": "TemporaryBlobReference",
    }
