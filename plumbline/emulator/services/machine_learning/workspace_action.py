"""POST actions of a workspace: its keys, their synchronisation, its diagnosis."""

from __future__ import annotations

from typing import Any

from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.machine_learning.asset_place import WORKSPACE
from plumbline.emulator.services.resource_manager import actions

# Source: recording test_workspace_diagnosis (2023-10-31, 2023-08-01-preview), without its nameless member "9".
_DIAGNOSES = (
    "userDefinedRouteResults", "networkSecurityRuleResults", "resourceLockResults", "dnsResolutionResults",
    "storageAccountResults", "keyVaultResults", "containerRegistryResults", "applicationInsightsResults", "otherResults",
)  # fmt: skip


def list_keys(call: Call) -> Reply:
    """POST listKeys: the keys of what the workspace is made of. Source: arm_ml_service ListWorkspaceKeysResult."""
    workspace = WORKSPACE.parent(call)
    store, properties = call.emulator.store, workspace.body["properties"]
    keys: dict[str, Any] = {}
    account = store.get(str(properties.get("storageAccount")))
    if account is not None:
        keys["userStorageArmId"] = account.id
        keys["userStorageKey"] = actions.storage_keys(call, account)["keys"][0]["value"]
    insights = store.get(str(properties.get("applicationInsights")))
    if insights is not None:
        keys["appInsightsInstrumentationKey"] = insights.body["properties"].get("InstrumentationKey")
    registry = store.get(str(properties.get("containerRegistry")))
    if registry is not None and registry.body["properties"].get("adminUserEnabled"):
        credentials = actions.registry_credentials(call, registry)
        keys["containerRegistryCredentials"] = {"location": registry.body["location"], **credentials}
    return Reply(json=keys)


def resync_keys(call: Call) -> Reply:
    """POST resyncKeys: nothing is cached here, so nothing is out of step."""
    WORKSPACE.parent(call)
    return Reply(status=200)


def diagnose(call: Call) -> Reply:
    """POST diagnose: no findings, at once; Azure answers 202 first."""
    WORKSPACE.parent(call)
    return Reply(json={"value": {name: [] for name in _DIAGNOSES}})
