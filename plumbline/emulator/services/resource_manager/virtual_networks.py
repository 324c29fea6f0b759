"""Networks whose parts are resources of their own: subnets of a network, links of a private DNS zone."""

from __future__ import annotations

from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call
from plumbline.emulator.services.resource_manager.long_operation import read_as
from plumbline.emulator.services.resource_manager.resource_handlers import Hooks
from plumbline.emulator.store import Resource

NETWORK_TYPE = "Microsoft.Network/virtualNetworks"
_SUBNET_TYPE = f"{NETWORK_TYPE}/subnets"
_LINK_TYPE = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"


def _subnets_apart(call: Call, resource_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    """The subnets of the body become resources: those that are not named any more go.

    Source: azure-native keeps subnets that a program does not name, because a PUT without them removes them.
    """
    store = call.emulator.store
    named = {str(subnet.get("name", "")): subnet for subnet in body["properties"].pop("subnets", [])}
    for subnet in store.list(resource_id, _SUBNET_TYPE):
        if subnet.name.lower() not in (name.lower() for name in named):
            store.delete(subnet.id)
    # Where the network is new, its subnets are put once it is there: see _put_subnets.
    body["properties"]["subnets"] = list(named.values())


def _put_subnets(call: Call, network: Resource) -> None:
    store = call.emulator.store
    subnets = network.body["properties"].pop("subnets", [])
    store.put(network.id, network.body, type=NETWORK_TYPE, principal=call.principal)
    for subnet in subnets:
        body = {"properties": dict(subnet.get("properties", {}))}
        for name, value in _SUBNET_DEFAULTS.items():
            body["properties"].setdefault(name, value)
        store.put(f"{network.id}/subnets/{subnet['name']}", body, type=_SUBNET_TYPE, principal=call.principal)


_SUBNET_DEFAULTS: dict[str, Any] = {
    "provisioningState": "Succeeded",
    "delegations": [],
    "privateEndpointNetworkPolicies": "Disabled",
    "privateLinkServiceNetworkPolicies": "Enabled",
}


def _with_subnets(call: Call, network: Resource, shown: dict[str, Any]) -> dict[str, Any]:
    subnets = call.emulator.store.list(network.id, _SUBNET_TYPE)
    shown["properties"]["subnets"] = [_subnet(call, subnet) for subnet in subnets]
    return shown


def _subnet(call: Call, subnet: Resource) -> dict[str, Any]:
    shown: dict[str, Any] = read_as(call, subnet.id).json
    return shown


def _with_counts(call: Call, zone: Resource, shown: dict[str, Any]) -> dict[str, Any]:
    links = call.emulator.store.list(zone.id, _LINK_TYPE)
    registering = [link for link in links if link.body["properties"].get("registrationEnabled")]
    shown["properties"] |= {
        "numberOfVirtualNetworkLinks": len(links),
        "numberOfVirtualNetworkLinksWithRegistration": len(registering),
    }
    return shown


def _refuse_with_links(call: Call, zone: Resource) -> None:
    links = call.emulator.store.list(zone.id, _LINK_TYPE)
    if links:
        named = "', '".join(link.id for link in links)
        raise AzureError(
            409,
            "CannotDeleteResource",
            "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: "
            f"'{named}'. Please delete all nested resources before deleting this resource.",
        )


NETWORK_HOOKS = Hooks(before_put=_subnets_apart, after_put=_put_subnets, presented=_with_subnets)
ZONE_HOOKS = Hooks(before_delete=_refuse_with_links, presented=_with_counts)
