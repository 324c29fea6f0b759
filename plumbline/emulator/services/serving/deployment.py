"""What holds endpoints and deployments together: references that exist, traffic that goes somewhere."""

from __future__ import annotations

from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call
from plumbline.emulator.services.resource_manager.resource_handlers import Hooks
from plumbline.emulator.store import Resource

_WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
_FULL_TRAFFIC = 100


def check_traffic(call: Call, endpoint_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    """Before an online endpoint is stored. Raises: AzureError: 400 for traffic to what is not there, or over 100 %.

    Source: Microsoft Learn, "Safe rollout for online endpoints": percentages sum up to 0 or 100.
    """
    traffic = body["properties"].get("traffic")
    if not isinstance(traffic, dict) or not all(type(share) is int for share in traffic.values()):
        raise AzureError(
            400, "UserError", "traffic must be an object of deployment names to percentages.", "traffic"
        )
    known = {entry.name.lower() for entry in call.emulator.store.list(endpoint_id)}
    unknown = [name for name, share in traffic.items() if share and name.lower() not in known]
    if unknown:
        raise AzureError(400, "UserError", f"Deployment '{unknown[0]}' of traffic does not exist.", "traffic")
    if sum(traffic.values()) not in (0, _FULL_TRAFFIC):
        raise AzureError(400, "UserError", "The traffic of all deployments must sum to 0 or 100.", "traffic")


def refuse_while_serving(call: Call, deployment: Resource) -> None:
    """Before an online deployment goes. Raises: AzureError: 400 while it has traffic."""
    endpoint = call.emulator.store.get(deployment.id.rsplit("/", 2)[0])
    traffic = endpoint.body["properties"].get("traffic", {}) if endpoint is not None else {}
    if traffic.get(deployment.name):
        raise AzureError(
            400,
            "UserError",
            f"Cannot delete deployment {deployment.name} because it has a traffic of {traffic[deployment.name]} "
            "percent. Set its traffic to 0 first.",
        )


HOOKS = {
    f"{_WORKSPACES}/onlineEndpoints": Hooks(before_put=check_traffic),
    f"{_WORKSPACES}/onlineEndpoints/deployments": Hooks(before_delete=refuse_while_serving),
}
