"""Computes: AmlCompute clusters; compute instances have a module of their own."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.machine_learning import compute_instance
from plumbline.emulator.services.machine_learning.asset_form import Seen, formed
from plumbline.emulator.services.machine_learning.quota import vm_size
from plumbline.emulator.services.machine_learning.rule import rule
from plumbline.emulator.services.resource_manager.resource_handlers import Hooks, ResourceHandlers
from plumbline.emulator.services.resource_manager.resource_types import ResourceType
from plumbline.emulator.store import Resource, now_text, parent_of

_FORMS = Path(__file__).with_name("resource_forms.yaml")
_DURATION = re.compile(r"P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$")
# Source: Microsoft Learn, "Create an Azure ML compute cluster": these need a new cluster. That Azure refuses instead of
# ignoring a change of the size is assumed; users saw both (azure-rest-api-specs issue 18889).
_FIXED = ("vmSize", "vmPriority", "subnet", "osType", "remoteLoginPortPublicAccess", "enableNodePublicIp",
          "isolatedNetwork", "userAccountCredentials")  # fmt: skip
# enableNodePublicIp is not among them: azure-ai-ml 1.35.2 cannot send back a cluster that it read with one and that has
# no subnet.
_DEFAULTS: dict[str, Any] = {
    "vmPriority": "Dedicated",
    "osType": "Linux",
    "isolatedNetwork": False,
}
_IDLE_DEFAULT = "PT2M"


def check(call: Call, compute_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    """Before a compute is stored: its size and scale are possible, what is fixed stays, and the server's members.

    Raises: AzureError: 400 UserError.
    """
    outer = body["properties"]
    if outer["computeType"] not in ("AmlCompute", compute_instance.KIND):
        raise AzureError(501, "NotImplemented", f"Computes of type {outer['computeType']} are not emulated.")
    workspace = call.emulator.store.get(parent_of(compute_id))
    assert workspace is not None, "the resource manager found it"
    outer.setdefault("computeLocation", body.get("location") or workspace.body.get("location"))
    body.setdefault("location", workspace.body.get("location"))
    outer["modifiedOn"] = now_text()
    if outer["computeType"] == compute_instance.KIND:
        compute_instance.check(call, present, outer)
        return
    inner = outer.setdefault("properties", {})
    for field, value in _DEFAULTS.items():
        inner.setdefault(field, value)
    before = present.body["properties"] if present is not None else None
    if inner.get("remoteLoginPortPublicAccess", "NotSpecified") == "NotSpecified":
        # Source: azure-ai-ml's REST models: open unless there is a network; only a request may say NotSpecified.
        kept = before["properties"]["remoteLoginPortPublicAccess"] if before else None
        inner["remoteLoginPortPublicAccess"] = kept or ("Disabled" if inner.get("subnet") else "Enabled")
    size = vm_size(str(inner.get("vmSize", "")))
    if size is None:
        raise _refused(
            "vmSize", f"Unsupported VM size: '{inner.get('vmSize')}' in {outer['computeLocation']}."
        )
    scale = inner.setdefault("scaleSettings", {"maxNodeCount": 1})
    scale.setdefault("minNodeCount", 0)
    scale.setdefault("nodeIdleTimeBeforeScaleDown", _IDLE_DEFAULT)
    _check_scale(scale)
    if before is not None:
        _check_fixed(before, outer)
    inner["allocationState"] = "Steady"
    inner["allocationStateTransitionTime"] = outer["modifiedOn"]
    inner["currentNodeCount"] = inner["targetNodeCount"] = int(scale["minNodeCount"])
    inner["nodeStateCounts"] = {
        "idleNodeCount": int(scale["minNodeCount"]),
        "runningNodeCount": 0,
        "preparingNodeCount": 0,
        "unusableNodeCount": 0,
        "leavingNodeCount": 0,
        "preemptedNodeCount": 0,
    }


def _check_scale(scale: dict[str, Any]) -> None:
    for field in ("minNodeCount", "maxNodeCount"):
        value = scale.get(field)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise _refused(f"scaleSettings.{field}", f"{field} must be a whole number from 0, got {value!r}.")
    if scale["minNodeCount"] > scale["maxNodeCount"]:
        raise _refused(
            "scaleSettings.minNodeCount",
            f"minNodeCount {scale['minNodeCount']} is larger than maxNodeCount {scale['maxNodeCount']}.",
        )
    idle = scale["nodeIdleTimeBeforeScaleDown"]
    if not isinstance(idle, str) or _DURATION.match(idle) is None:
        raise _refused(
            "scaleSettings.nodeIdleTimeBeforeScaleDown",
            f"'{idle}' is not an ISO 8601 duration such as PT120S.",
        )


def _check_fixed(before: dict[str, Any], after: dict[str, Any]) -> None:
    pairs = [
        (f"properties.{field}", _readable(before["properties"].get(field)), _readable(after["properties"].get(field)))
        for field in _FIXED
    ]  # fmt: skip
    pairs += [(field, before.get(field), after.get(field)) for field in ("computeType", "disableLocalAuth")]
    for field, old, new in pairs:
        if new is not None and old is not None and str(old).lower() != str(new).lower():
            raise _refused(
                field,
                f"Compute property {field} cannot be changed from '{old}' to '{new}'. Delete the compute first.",
            )


def _readable(value: Any) -> Any:
    """Without the administrator's password: it is never answered, so a client that sends back what it read has none."""
    if isinstance(value, dict):
        return {
            key: member for key, member in value.items() if key != "adminUserPassword" and member is not None
        }
    return value


def _refused(field: str, message: str) -> AzureError:
    return AzureError(400, "UserError", message, field)


def tell_executor(call: Call, compute: Resource) -> None:
    """After a compute is stored: steps that wait for its nodes look again."""
    changed = getattr(call.emulator.executor, "compute_changed", None)
    if changed is not None:
        changed()


def presented(call: Call, compute: Resource, shown: dict[str, Any]) -> dict[str, Any]:
    """A compute as it is answered once it is there."""
    section = "compute_instance" if shown["properties"]["computeType"] == compute_instance.KIND else "compute"
    return formed(
        call.emulator.recorded.table(_FORMS)[section], shown, Seen(kind="computes", place="workspace")
    )


HOOKS = Hooks(before_put=check, after_put=tell_executor, presented=presented)


class ComputeHandlers(ResourceHandlers):
    """A compute's DELETE knows `underlyingResourceAction`, its 404 has no body; all else is the table's."""

    def __init__(self, kind: ResourceType) -> None:
        super().__init__(kind, HOOKS)

    def put(self, call: Call) -> Reply:
        """Create or change; the answer shows a compute that is being made."""
        reply = super().put(call)
        lines = call.emulator.recorded.table(_FORMS)["compute_put"]
        return replace(
            reply,
            status=rule(call.emulator, "compute_put_status", otherwise=reply.status),
            json=formed(lines, reply.json, Seen(kind="computes", place="workspace")),
        )

    def get(self, call: Call) -> Reply:
        """One compute; of one that is not there 404 without a word.

        Source: recorded test_pipeline_job_validation_remote[non_existent_compute.yml], 2023-10-30.
        """
        there = call.emulator.store.get(parent_of(call.path)) is not None
        if there and call.emulator.store.get(call.path) is None:
            return Reply(status=404, body=b"")
        return super().get(call)

    def delete(self, call: Call) -> Reply:
        """Remove a cluster. Detaching is for computes that were attached, which this is not."""
        asked = call.query.get("underlyingresourceaction", "Delete")
        if asked.lower() != "delete":
            raise AzureError(
                400, "UserError", f"A managed compute cannot be detached (underlyingResourceAction={asked})."
            )
        return super().delete(call)


def list_nodes(call: Call) -> Reply:
    """POST listNodes: the nodes that are up, as the executor sees them."""
    compute = call.emulator.store.get(call.path.rstrip("/").rsplit("/", 1)[0])
    if compute is None:
        raise AzureError(404, "ComputeNotFound", f"Compute '{call.params['name']}' could not be found.")
    counted = getattr(call.emulator.executor, "nodes", None)
    nodes = list(counted(compute.id)) if counted is not None else []
    return Reply(json={"nodes": nodes})
