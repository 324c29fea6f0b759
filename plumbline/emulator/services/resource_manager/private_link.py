"""Private endpoints and the connections that both sides show: the endpoint keeps them, the target lists them.

A connection of `privateLinkServiceConnections` is approved at once, one of `manualPrivateLinkServiceConnections` waits
for the target's owner, who approves or rejects it under the target's `privateEndpointConnections`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from plumbline.emulator.errors import bad_request, resource_not_found
from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.resource_manager import checks
from plumbline.emulator.services.resource_manager.resource_handlers import Hooks
from plumbline.emulator.services.resource_manager.resource_types import ResourceType, ResourceTypes
from plumbline.emulator.store import Resource

ENDPOINT_TYPE = "Microsoft.Network/privateEndpoints"
# Recorded for a storage account; Learn describes the same resource for vaults and registries.
TARGETS = (
    "Microsoft.Storage/storageAccounts",
    "Microsoft.KeyVault/vaults",
    "Microsoft.ContainerRegistry/registries",
)
_LISTS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
_APPROVED = {"status": "Approved", "description": "Auto-Approved", "actionsRequired": "None"}
_PENDING = {"status": "Pending", "description": "Awaiting approval", "actionsRequired": "None"}


def _before_put(call: Call, resource_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    properties = body["properties"]
    group = "/".join(resource_id.split("/")[:5])
    old = {item["name"]: item for item in _connections(present)} if present is not None else {}
    for name in _LISTS:
        first = _APPROVED if name == _LISTS[0] else _PENDING
        properties[name] = [_filled(item, old, resource_id, name, first) for item in properties[name]]
    kept = present.body["properties"].get("networkInterfaces") if present is not None else None
    interface = properties["customNetworkInterfaceName"] or f"{_last(resource_id)}.nic.{uuid.uuid4()}"
    properties["networkInterfaces"] = kept or [
        {"id": f"{group}/providers/Microsoft.Network/networkInterfaces/{interface}"}
    ]


def _filled(
    sent: dict[str, Any], old: dict[str, Any], endpoint_id: str, part: str, first: dict[str, str]
) -> dict[str, Any]:
    name = str(sent.get("name", ""))
    kept = old.get(name, {}).get("properties", {})
    properties = (sent.get("properties") or {}) | {
        "provisioningState": "Succeeded",
        "privateLinkServiceConnectionState": kept.get("privateLinkServiceConnectionState", first),
        # The connection's name at its target; not answered on this side.
        "linkGuid": kept.get("linkGuid", str(uuid.uuid4())),
    }
    return {
        "name": name,
        "id": f"{endpoint_id}/{part}/{name}",
        "etag": f'W/"{uuid.uuid4()}"',
        "type": f"{ENDPOINT_TYPE}/{part}",
        "properties": properties,
    }


def _presented(call: Call, resource: Resource, shown: dict[str, Any]) -> dict[str, Any]:
    for item in _items(shown):
        item["properties"].pop("linkGuid", None)
    return shown


def _items(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in _LISTS:
        yield from body["properties"].get(name, [])


def _connections(endpoint: Resource) -> Iterator[dict[str, Any]]:
    yield from _items(endpoint.body)


def _last(resource_id: str) -> str:
    return resource_id.rsplit("/", 1)[-1]


ENDPOINT_HOOKS = Hooks(before_put=_before_put, presented=_presented)

# -- the target's side


def connections_of(call: Call, target: Resource) -> list[dict[str, Any]]:
    """The connections that a target lists, each named `<target>.<guid>`."""
    return [_shown(target, endpoint, item) for endpoint, item in _to(call, target)]


def with_connections(call: Call, resource: Resource, shown: dict[str, Any]) -> dict[str, Any]:
    """A hook's `presented` for types that can be targets: the member is answered also when it is empty."""
    shown["properties"]["privateEndpointConnections"] = connections_of(call, resource)
    return shown


def with_connections_if_any(call: Call, resource: Resource, shown: dict[str, Any]) -> dict[str, Any]:
    """The same for key vaults, which leave the member out when there is none."""
    if found := connections_of(call, resource):
        shown["properties"]["privateEndpointConnections"] = found
    return shown


def _to(call: Call, target: Resource) -> Iterator[tuple[Resource, dict[str, Any]]]:
    subscription = call.subscription_scope
    for endpoint in call.emulator.store.list(subscription, ENDPOINT_TYPE, below=True):
        for item in _connections(endpoint):
            if str(item["properties"].get("privateLinkServiceId", "")).lower() == target.id.lower():
                yield endpoint, item


def _shown(target: Resource, endpoint: Resource, item: dict[str, Any]) -> dict[str, Any]:
    state = item["properties"]["privateLinkServiceConnectionState"]
    name = f"{target.name}.{item['properties']['linkGuid']}"
    return {
        "id": f"{target.id}/privateEndpointConnections/{name}",
        "name": name,
        "type": f"{target.type}/privateEndpointConnections",
        "properties": {
            "provisioningState": "Succeeded",
            "privateEndpoint": {"id": endpoint.id},
            # The two sides spell the last member differently.
            "privateLinkServiceConnectionState": {
                "status": state["status"],
                "description": state["description"],
                "actionRequired": state["actionsRequired"],
            },
        },
    }


class _TargetRoutes:
    def __init__(self, kind: ResourceType) -> None:
        self._kind = kind

    def _target(self, call: Call) -> Resource:
        checks.check_api_version(call, self._kind)
        marker = "/privateendpointconnections"
        path = call.path[: call.path.lower().rindex(marker)]
        target = call.emulator.store.get(path)
        if target is None:
            raise resource_not_found(path)
        return target

    def _one(self, call: Call) -> tuple[Resource, Resource, dict[str, Any]]:
        target = self._target(call)
        for endpoint, item in _to(call, target):
            if f"{target.name}.{item['properties']['linkGuid']}".lower() == call.params["connection"].lower():
                return target, endpoint, item
        raise resource_not_found(call.path)

    def list(self, call: Call) -> Reply:
        """GET all connections of a target."""
        return Reply(json={"value": connections_of(call, self._target(call))})

    def get(self, call: Call) -> Reply:
        """GET one connection."""
        return Reply(json=_shown(*self._one(call)))

    def put(self, call: Call) -> Reply:
        """Approve or reject.

        Raises: AzureError: 400 InvalidValuesForRequestParameters, for approving what was rejected.
        """
        target, endpoint, item = self._one(call)
        asked = (call.json().get("properties") or {}).get("privateLinkServiceConnectionState") or {}
        state = item["properties"]["privateLinkServiceConnectionState"]
        if state["status"] == "Rejected" and asked.get("status") == "Approved":
            raise bad_request(
                "InvalidValuesForRequestParameters",
                "Values for request parameters are invalid: privateLinkServiceConnectionState.status.",
            )
        state |= {
            "status": asked.get("status", state["status"]),
            "description": asked.get("description", state["description"]),
        }
        call.emulator.store.put(endpoint.id, endpoint.body, type=ENDPOINT_TYPE, principal=call.principal)
        return Reply(json=_shown(target, endpoint, item))

    def delete(self, call: Call) -> Reply:
        """Cut a connection: the endpoint stays, disconnected."""
        _, endpoint, item = self._one(call)
        item["properties"]["privateLinkServiceConnectionState"]["status"] = "Disconnected"
        item["properties"]["privateLinkServiceId"] = ""
        call.emulator.store.put(endpoint.id, endpoint.body, type=ENDPOINT_TYPE, principal=call.principal)
        return Reply(status=200)


def routes_of(types: ResourceTypes) -> list[Route]:
    """The connections' routes of every type that can be a target."""
    found = []
    for name in TARGETS:
        kind = types.get(name)
        assert kind is not None
        handlers = _TargetRoutes(kind)
        path = f"{kind.route}/privateEndpointConnections"
        action = f"{name}/privateEndpointConnections"
        found += [
            Route(method="GET", path=path, handler=handlers.list, action=f"{action}/read"),
            Route(method="GET", path=f"{path}/{{connection}}", handler=handlers.get, action=f"{action}/read"),
            Route(
                method="PUT", path=f"{path}/{{connection}}", handler=handlers.put, action=f"{action}/write"
            ),
            Route(
                method="DELETE",
                path=f"{path}/{{connection}}",
                handler=handlers.delete,
                action=f"{action}/delete",
            ),
        ]
    return found
