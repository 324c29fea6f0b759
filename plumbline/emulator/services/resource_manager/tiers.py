"""SKU tiers, which the service derives from the SKU's name, and what a container registry has by its tier."""

from __future__ import annotations

from typing import Any

from plumbline.emulator.routing import Call
from plumbline.emulator.services.resource_manager import private_link
from plumbline.emulator.services.resource_manager.resource_handlers import Hooks
from plumbline.emulator.store import Resource

_RULES = {"defaultAction": "Allow", "virtualNetworkRules": [], "ipRules": []}


def _storage(call: Call, resource_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    sku = dict(body["sku"])
    # "Standard_LRS" is of tier Standard, "StandardV2_LRS" too.
    sku["tier"] = str(sku["name"]).split("_", maxsplit=1)[0].removesuffix("V2")
    body["sku"] = sku


def _registry(call: Call, resource_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    body["sku"] = {**body["sku"], "tier": body["sku"]["name"]}
    if body["sku"]["name"] == "Premium":
        rules = body["properties"].get("networkRuleSet") or {}
        body["properties"]["networkRuleSet"] = {**_RULES, **rules}


STORAGE_HOOKS = Hooks(before_put=_storage, presented=private_link.with_connections)
REGISTRY_HOOKS = Hooks(before_put=_registry, presented=private_link.with_connections)
