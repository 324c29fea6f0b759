"""Registries: their managed storage, discovery, and the signatures that open a place for an asset's files."""

from __future__ import annotations

import re
import uuid
from typing import Any
from urllib.parse import urlsplit

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.blob.containers import Containers, container_url
from plumbline.emulator.services.machine_learning.asset_form import Seen, formed
from plumbline.emulator.services.machine_learning.asset_place import REGISTRY
from plumbline.emulator.services.machine_learning.code_upload import upload_reference
from plumbline.emulator.services.machine_learning.reference import registry_named
from plumbline.emulator.services.machine_learning.rule import rule
from plumbline.emulator.services.machine_learning.workspace import FORMS
from plumbline.emulator.services.registry import region
from plumbline.emulator.services.registry.seed import SYSTEM_SUBSCRIPTION
from plumbline.emulator.services.resource_manager.resource_handlers import Hooks
from plumbline.emulator.store import Resource, now_text

_ACCOUNT_TYPE = "Microsoft.Storage/storageAccounts"
_GROUP_TYPE = "Microsoft.Resources/resourceGroups"
_ASSET_ID = re.compile(
    r"azureml://registries/[^/]+/(?P<collection>\w+)/(?P<name>[^/]+)/versions/(?P<version>[^/]+)$",
    re.IGNORECASE,
)
_READ_LIFETIME_SECONDS = 3600


def check(call: Call, registry_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    """Before a registry is stored: it has a region, and the group that Azure manages for it.

    Raises: AzureError: 400 without a region.
    """
    properties = body["properties"]
    if not properties.get("regionDetails"):
        raise AzureError(
            400, "ValidationError", "regionDetails must name at least one region.", "regionDetails"
        )
    kept = (present.body["properties"] if present is not None else {}).get("managedResourceGroup")
    name = registry_id.rsplit("/", 1)[-1]
    group = f"{call.subscription_scope}/resourceGroups/azureml-rg-{name}_{uuid.uuid4()}"
    managed = properties["managedResourceGroup"] = kept or {"resourceId": group}
    if rule(call.emulator, "registry_accounts_named"):
        properties["regionDetails"] = region.filled(
            properties["regionDetails"], registry_id=registry_id, group_id=managed["resourceId"]
        )
    properties["mlFlowRegistryUri"] = f"azureml://{urlsplit(call.base_url).netloc}/mlflow/v1.0{registry_id}"


def bring_along(call: Call, registry: Resource) -> None:
    """After a registry is stored: its managed group and storage account."""
    store, group_id = call.emulator.store, registry.body["properties"]["managedResourceGroup"]["resourceId"]
    location = registry.body["location"]
    if store.get(group_id) is None:
        managed = {"location": location, "managedBy": registry.id, "tags": {},
                   "properties": {"provisioningState": "Succeeded"}}  # fmt: skip
        store.put(group_id, managed, type=_GROUP_TYPE, principal=None)
        account = {"location": location, "kind": "StorageV2", "sku": {"name": "Standard_LRS", "tier": "Standard"},
                   "properties": {"provisioningState": "Succeeded", "allowSharedKeyAccess": False}}  # fmt: skip
        for account_of in {
            account_id(registry),
            *region.storage_accounts(registry.body["properties"]["regionDetails"]),
        }:
            store.put(account_of, account, type=_ACCOUNT_TYPE, principal=None)


def take_along(call: Call, registry: Resource) -> None:
    """Before a registry goes: its managed group goes, too."""
    call.emulator.store.delete(registry.body["properties"]["managedResourceGroup"]["resourceId"])


def presented(call: Call, registry: Resource, shown: dict[str, Any]) -> dict[str, Any]:
    """A registry as it is answered."""
    lines = call.emulator.recorded.table(FORMS)["registry"]
    return formed(lines, shown, Seen(kind="registries", place="registry"))


HOOKS = Hooks(before_put=check, after_put=bring_along, before_delete=take_along, presented=presented)


def scope(call: Call) -> str:
    """What rights are asked on: the registry; for reading the public ones, the caller's own subscription."""
    registry_id = REGISTRY.id(call)
    if call.method == "GET" and SYSTEM_SUBSCRIPTION in registry_id:
        return call.subscription_scope
    return registry_id


def discovery(call: Call) -> Reply:
    """GET registrymanagement/.../discovery: where a registry's regions are."""
    registry = registry_named(call.emulator.store, call.params["registry"])
    if registry is None:
        raise AzureError(404, "RegistryNotFound", f"Registry '{call.params['registry']}' could not be found.")
    emulator = call.emulator
    if (
        SYSTEM_SUBSCRIPTION not in registry.id
        and rule(emulator, "registry_discovery_without_right")
        and not emulator.access.allowed(call.principal, f"{REGISTRY.type}/read", registry.id)
    ):
        return Reply(status=403, json=_no_right(call, registry.name))
    segments = registry.id.split("/")
    place, base = registry.body["location"], call.base_url
    answer: dict[str, Any] = {
        "registryName": registry.name,
        "primaryRegion": place,
        "primaryRegionResourceProviderUri": f"{base}/",
        "subscriptionId": segments[2],
        "resourceGroup": segments[4],
        "registryFqdns": {place: {"uri": base}},
    }
    if rule(emulator, "registry_discovery_members"):
        answer |= {
            "registryId": str(uuid.uuid5(uuid.NAMESPACE_URL, registry.id.lower())),
            "tenantId": emulator.settings.tenant_id,
            "regions": [place],
            "workspaceName": None,
            "intellectualPropertyPublisher": None,
            "isTradeRestricted": False,
        }
    return Reply(json=answer)


def _no_right(call: Call, name: str) -> dict[str, Any]:
    """Source: test_component_create_get_list_from_registry (azure-ai-ml 1.32.0, 2026-03-27)."""
    location = call.emulator.settings.location
    chain = {"code": "UnAuthorizedRegistryAccess", "innerError": None}
    return {
        "error": {
            "code": "UserError",
            "severity": None,
            "message": f"User/tenant/subscription is not allowed to access registry {name}",
            "messageFormat": "User/tenant/subscription is not allowed to access registry {feedName}",
            "messageParameters": {"feedName": name},
            "referenceCode": None,
            "detailsUri": None,
            "target": None,
            "details": [],
            "innerError": {"code": "Auth", "innerError": {"code": "Authorization", "innerError": chain}},
            "debugInfo": None,
            "additionalInfo": None,
        },
        "correlation": {"operation": uuid.uuid4().hex, "request": uuid.uuid4().hex[:16]},
        "environment": location,
        "location": location,
        "time": now_text(),
        "componentName": "feedmanagement",
        "statusCode": 403,
    }


def temporary_data_reference(call: Call) -> Reply:
    """PUT tempdatarefs: a container for the files of an asset that is not there yet.

    Raises: AzureError: 409 when the asset exists, which azure-ai-ml takes as "nothing to upload".
    """
    registry = REGISTRY.parent(call)
    asset_id = str(call.json().get("assetId", ""))
    match = _ASSET_ID.match(asset_id)
    if match is None:
        raise AzureError(400, "UserError", f"'{asset_id}' is no registry asset id.", "assetId")
    store = call.emulator.store
    if (
        store.get(f"{registry.id}/{match['collection']}/{match['name']}/versions/{match['version']}")
        is not None
    ):
        raise AzureError(409, "UserError", f"Asset {asset_id} already exists.", "assetId")
    container = Containers(store).create(account_id(registry), f"{registry.name.lower()[:20].strip('-_')}-{uuid.uuid4()}",
                                         call.principal)  # fmt: skip
    reference = upload_reference(call, container, account_id(registry))
    if rule(call.emulator, "registry_upload_form"):
        more: dict[str, Any] = {
            "imageReferenceForConsumption": None,
            "temporaryDataReferenceId": str(uuid.uuid4()),
            "temporaryDataReferenceType": None,
        }
    else:
        more = {
            "temporaryDataReferenceId": container.name,
            "temporaryDataReferenceType": "TemporaryBlobReference",
        }
    return Reply(json=reference | more)


def data_reference(call: Call) -> Reply:
    """POST datarefs: a signature to read an asset's files.

    The signed URL is the container's: azure-ai-ml 1.35.2 takes its last segment for the container's name.
    """
    REGISTRY.parent(call)
    uri = str(call.json().get("blobUri", ""))
    container = Containers(call.emulator.store).get(urlsplit(uri).path.strip("/").partition("/")[0])
    url = container_url(call.emulator.settings, container)
    signature = call.emulator.sas.sign(
        container.name, permissions="rl", lifetime_seconds=_READ_LIFETIME_SECONDS
    )
    return Reply(
        json={
            "blobReferenceForConsumption": {
                "blobUri": uri,
                "storageAccountArmId": container.id.partition("/blobServices/")[0],
                "credential": {"credentialType": "SAS", "sasUri": f"{url}?{signature}"},
            }
        }
    )


def account_id(registry: Resource) -> str:
    """ARM id of the storage account that Azure manages for a registry: the first of its first region."""
    details = registry.body["properties"].get("regionDetails") or []
    if made := next(region.storage_accounts(details), None):
        return made
    group = registry.body["properties"]["managedResourceGroup"]["resourceId"]
    account = uuid.uuid5(uuid.NAMESPACE_URL, registry.id.lower()).hex[:24]
    return f"{group}/providers/{_ACCOUNT_TYPE}/{account}"
