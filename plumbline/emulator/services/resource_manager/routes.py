"""All ARM routes: groups and subscriptions, the table's types, access, activity log, deployments."""

from __future__ import annotations

from pathlib import Path

from plumbline.emulator.services.resource_manager import (
    activity_routes,
    alerts,
    deployments,
    groups,
    long_operation,
    name_availability,
    private_link,
    providers,
    role_routes,
    tag_routes,
    tiers,
    vaults,
    virtual_networks,
)
from plumbline.emulator.services.resource_manager.identities import IDENTITY_HOOKS
from plumbline.emulator.services.resource_manager.resource_handlers import routes_of
from plumbline.emulator.services.resource_manager.resource_types import ResourceTypes

TYPES = ResourceTypes.load(Path(__file__).with_name("types"))
_HOOKS = {
    "Microsoft.Consumption/budgets": alerts.BUDGET_HOOKS,
    "Microsoft.ContainerRegistry/registries": tiers.REGISTRY_HOOKS,
    "Microsoft.Insights/actionGroups": alerts.ACTION_GROUP_HOOKS,
    "Microsoft.Insights/diagnosticSettings": alerts.DIAGNOSTIC_SETTING_HOOKS,
    "Microsoft.Insights/metricAlerts": alerts.METRIC_ALERT_HOOKS,
    "Microsoft.KeyVault/vaults": vaults.VAULT_HOOKS,
    "Microsoft.ManagedIdentity/userAssignedIdentities": IDENTITY_HOOKS,
    "Microsoft.Network/privateDnsZones": virtual_networks.ZONE_HOOKS,
    "Microsoft.Network/privateEndpoints": private_link.ENDPOINT_HOOKS,
    "Microsoft.Network/virtualNetworks": virtual_networks.NETWORK_HOOKS,
    "Microsoft.Storage/storageAccounts": tiers.STORAGE_HOOKS,
}
ROUTES = [
    *groups.ROUTES,
    *role_routes.ROUTES,
    *tag_routes.ROUTES,
    *activity_routes.ROUTES,
    *deployments.ROUTES,
    *long_operation.ROUTES,
    *name_availability.routes_of(TYPES),
    *private_link.routes_of(TYPES),
    *providers.ROUTES,
    *vaults.ROUTES,
    *routes_of(TYPES, _HOOKS),
]
start = vaults.start
