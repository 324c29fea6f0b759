"""Routes of outbound rules and of the network's provisioning. Assumed: a workspace without a managed network has neither."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.machine_learning.asset_place import (
    WORKSPACE,
    WORKSPACE_PATH,
    WORKSPACE_TYPE,
)
from plumbline.emulator.services.resource_manager.resource_handlers import Hooks, routes_of
from plumbline.emulator.services.resource_manager.resource_types import ResourceTypes
from plumbline.emulator.store import Resource

_TYPES = ResourceTypes.load(Path(__file__).with_name("types.yaml"))
_RULES = f"{WORKSPACE_TYPE}/outboundRules"


def _require_network(workspace: Resource | None) -> None:
    properties = workspace.body.get("properties", {}) if workspace is not None else {}
    mode = (properties.get("managedNetwork") or {}).get("isolationMode") or "Disabled"
    if mode == "Disabled":
        raise AzureError(
            400,
            "UserError",
            "The workspace has no managed network: its isolation mode is Disabled.",
            "managedNetwork",
        )


def _check(call: Call, rule_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    _require_network(call.emulator.store.get(rule_id.rsplit("/", 2)[0]))


def provision(call: Call) -> Reply:
    """POST provisionManagedNetwork: the network is there at once."""
    workspace = WORKSPACE.parent(call)
    _require_network(workspace)
    return Reply(json={"status": "Active", "sparkReady": bool(call.json().get("includeSpark"))})


ROUTES = [
    *routes_of(_TYPES, {_RULES: Hooks(before_put=_check)}),
    Route(
        method="POST",
        path=f"{WORKSPACE_PATH}/provisionManagedNetwork",
        handler=provision,
        action=f"{WORKSPACE_TYPE}/provisionManagedNetwork/action",
    ),
]
