"""POST .../registries/R/import: a workspace's asset, copied into a registry with its files.

azure-ai-ml's `share` sends it. Its answer was never recorded: an empty 200 is assumed, on which the client reads the
asset back.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.executor.storage import Unreachable
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.blob.containers import Containers, container_url
from plumbline.emulator.services.machine_learning.asset_place import REGISTRY, REGISTRY_TYPE, WORKSPACE_TYPE
from plumbline.emulator.services.registry.registry import account_id
from plumbline.emulator.store import Resource

_SOURCE = re.compile(
    r"azureml://locations/[^/]+/workspaces/(?P<workspace>[^/]+)/(?P<collection>\w+)/(?P<name>[^/]+)"
    r"/versions/(?P<version>[^/]+)$",
    re.IGNORECASE,
)
# Collection -> the property that names its files, if it has files.
_FILES = {"environments": "", "data": "dataUri", "models": "modelUri"}
_FOLDERS = ("uri_folder", "mltable")


def import_asset(call: Call) -> Reply:
    """Copies the asset that `sourceAssetId` names.

    Raises: AzureError: 400 for a source of another form or kind; 404 when it is not there; 409 when the registry has
        the version already.
    """
    registry = REGISTRY.parent(call)
    sent = call.json().get("properties")
    sent = sent if isinstance(sent, dict) else {}
    match = _SOURCE.match(str(sent.get("sourceAssetId", "")))
    collection = match["collection"].lower() if match else ""
    if match is None or collection not in _FILES:
        raise AzureError(
            400, "UserError", f"'{sent.get('sourceAssetId')}' is no environment, data or model of a workspace.",
            "sourceAssetId",
        )  # fmt: skip
    workspace = _workspace(call, match["workspace"])
    source = call.emulator.store.get(
        f"{workspace.id}/{collection}/{match['name']}/versions/{match['version']}"
    )
    if source is None:
        raise AzureError(
            404, "UserError", f"The asset {collection}/{match['name']}:{match['version']} was not found."
        )
    call.emulator.access.require(call.principal, f"{WORKSPACE_TYPE}/{collection}/versions/read", workspace.id)
    name = str(sent.get("destinationName") or match["name"])
    version = str(sent.get("destinationVersion") or match["version"])
    _store_copy(call, registry, workspace, source, f"{collection}/{name}", version)
    return Reply(status=200)


def _workspace(call: Call, guid: str) -> Resource:
    found = call.emulator.store.list(call.subscription_scope, WORKSPACE_TYPE, below=True)
    for workspace in found:
        if str(workspace.body["properties"].get("workspaceId", "")).lower() == guid.lower():
            return workspace
    raise AzureError(404, "UserError", f"Workspace with id '{guid}' could not be found.", "sourceAssetId")


def _store_copy(
    call: Call, registry: Resource, workspace: Resource, source: Resource, container: str, version: str
) -> None:
    store, collection = call.emulator.store, container.partition("/")[0]
    target = f"{registry.id}/{container}"
    if store.get(f"{target}/versions/{version}") is not None:
        raise AzureError(409, "UserError", f"{container}:{version} exists in registry '{registry.name}'.")
    properties = dict(source.body["properties"])
    if field := _FILES[collection]:
        folder = properties.get("dataType") in _FOLDERS
        properties[field] = _copied_files(call, registry, workspace, str(properties[field]), folder=folder)
    if store.get(target) is None:
        kept: dict[str, Any] = {"dataType": properties["dataType"]} if "dataType" in properties else {}
        store.put(
            target, {"properties": kept}, type=f"{REGISTRY_TYPE}/{collection}", principal=call.principal
        )
    store.put(
        f"{target}/versions/{version}",
        {"properties": properties},
        type=f"{REGISTRY_TYPE}/{collection}/versions",
        principal=call.principal,
    )


def _copied_files(call: Call, registry: Resource, workspace: Resource, uri: str, *, folder: bool) -> str:
    emulator = call.emulator
    storage = emulator.executor.storage
    try:
        tree = storage.tree(storage.locate(workspace, uri))
    except Unreachable as error:
        raise AzureError(400, "UserError", f"The asset's files cannot be copied: {error}") from error
    account = account_id(registry)
    to = Containers(emulator.store).create(
        account, f"{registry.name.lower()[:20].strip('-_')}-{uuid.uuid4()}", call.principal
    )
    base = uri.rstrip("/").rsplit("/", 1)[-1]
    for path, blob in tree.files.items():
        emulator.blobs.copy(blob, to, base if tree.single else f"{base}/{path}")
    return f"{container_url(emulator.settings, to)}/{base}" + ("/" if folder else "")
