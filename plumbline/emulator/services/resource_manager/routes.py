"""All ARM routes: groups and subscriptions, the table's types, access, activity log, deployments."""

from __future__ import annotations

from pathlib import Path

from plumbline.emulator.services.resource_manager import (
    activity_routes,
    deployments,
    groups,
    providers,
    role_routes,
    vaults,
)
from plumbline.emulator.services.resource_manager.identities import IDENTITY_HOOKS
from plumbline.emulator.services.resource_manager.resource_handlers import routes_of
from plumbline.emulator.services.resource_manager.resource_types import ResourceTypes

TYPES = ResourceTypes.load(Path(__file__).with_name("types.yaml"))
_HOOKS = {
    "Microsoft.ManagedIdentity/userAssignedIdentities": IDENTITY_HOOKS,
    "Microsoft.KeyVault/vaults": vaults.VAULT_HOOKS,
}
ROUTES = [
    *groups.ROUTES,
    *role_routes.ROUTES,
    *activity_routes.ROUTES,
    *deployments.ROUTES,
    *providers.ROUTES,
    *vaults.ROUTES,
    *routes_of(TYPES, _HOOKS),
]
start = vaults.start
