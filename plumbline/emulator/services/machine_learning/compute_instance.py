"""Compute instances: one person's machine, created, started, stopped, restarted, deleted. No job runs on one here.

Source: test_compute_instance_create_and_delete (azure-ai-ml 1.32.0, 2026-03-27), test_compute_instance_stop_start_restart
(1.24.0, 2024-12-18).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.machine_learning.quota import vm_size
from plumbline.emulator.services.resource_manager import long_operation
from plumbline.emulator.store import Resource, now_text

KIND = "ComputeInstance"
_STATES = {"start": "Running", "stop": "Stopped", "restart": "Running"}
_DEFAULTS: dict[str, Any] = {
    "applicationSharingPolicy": "Shared",
    "computeInstanceAuthorizationType": "personal",
    "enableNodePublicIp": True,
    "enableOSPatching": False,
    "enableRootAccess": True,
    "enableSSO": True,
    "releaseQuotaOnStop": False,
}


def check(call: Call, present: Resource | None, outer: dict[str, Any]) -> None:
    """Before an instance is stored: its size exists; what the server knows is filled. Raises: AzureError: 400 UserError."""
    inner = outer.setdefault("properties", {})
    before = present.body["properties"]["properties"] if present is not None else {}
    size = vm_size(str(inner.get("vmSize", "")))
    if size is None:
        raise AzureError(
            400, "UserError", f"Unsupported VM size: '{inner.get('vmSize')}' in {outer['computeLocation']}."
        )
    if before and str(before.get("vmSize")).lower() != str(inner["vmSize"]).lower():
        raise AzureError(
            400, "UserError", "The size of a compute instance cannot be changed. Delete it first."
        )
    for field, value in _DEFAULTS.items():
        inner.setdefault(field, value)
    inner["createdBy"] = before.get("createdBy") or {
        "userOrgId": call.emulator.settings.tenant_id,
        "userId": call.principal.object_id,
        "userName": call.principal.name,
    }
    inner["state"] = before.get("state") or "Running"
    inner["lastOperation"] = _operation("Create" if present is None else "Update")


def action(name: str) -> Callable[[Call], Reply]:
    """POST start, stop or restart of an instance."""

    def act(call: Call) -> Reply:
        store = call.emulator.store
        compute = store.get(call.path.rstrip("/").rsplit("/", 1)[0])
        if compute is None:
            raise AzureError(404, "ComputeNotFound", f"Compute '{call.params['name']}' could not be found.")
        outer = compute.body["properties"]
        if outer["computeType"] != KIND:
            raise AzureError(400, "UserError", f"A compute of type {outer['computeType']} cannot {name}.")
        inner = outer["properties"] | {"state": _STATES[name], "lastOperation": _operation(name.capitalize())}
        body = compute.body | {"properties": outer | {"properties": inner}}
        store.put(compute.id, body, type=compute.type, principal=call.principal)
        return long_operation.accepted(
            call, "ml-compute-accepted", resource_id=compute.id, location=str(compute.body["location"]), state="Updating",
            seconds=0, status=202, content={},
        )  # fmt: skip

    return act


def _operation(name: str) -> dict[str, str]:
    return {
        "operationName": name,
        "operationTime": now_text(),
        "operationStatus": "Succeeded",
        "operationTrigger": "User",
    }
