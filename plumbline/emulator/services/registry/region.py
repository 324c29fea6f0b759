"""A registry's regions: the storage accounts and container registries that Azure makes for each.

Source: test_registry_operations_with_storage_replication (azure-ai-ml 1.12.0, 2023-10-31).
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator
from typing import Any

from plumbline.emulator.services.resource_manager.checks import normal_location

# The list of a region -> (its system-made member, its user-made one, the member that names, the ARM type)
_PARTS = {
    "storageAccountDetails": (
        "systemCreatedStorageAccount", "userCreatedStorageAccount", "storageAccountName", "Microsoft.Storage/storageAccounts",
    ),
    "acrDetails": (
        "systemCreatedAcrAccount", "userCreatedAcrAccount", "acrAccountName", "Microsoft.ContainerRegistry/registries",
    ),
}  # fmt: skip


def filled(details: list[Any], *, registry_id: str, group_id: str) -> list[Any]:
    """Region details with the names and ids of what is made; the same ones for the same registry."""
    regions = copy.deepcopy(details)
    for region in regions:
        if not isinstance(region, dict):
            continue
        region["location"] = normal_location(region.get("location"))
        for part, (made, given, name, type_name) in _PARTS.items():
            for index, entry in enumerate(region.get(part) or []):
                entry.setdefault(given, None)
                if not isinstance(entry.get(made), dict):
                    continue
                seed = f"{registry_id.lower()}/{region['location']}/{part}/{index}"
                entry[made][name] = uuid.uuid5(uuid.NAMESPACE_URL, seed).hex[:11]
                path = f"{group_id}/providers/{type_name}/{entry[made][name]}"
                entry[made]["armResourceId"] = {"resourceId": path}
    return regions


def storage_accounts(details: list[Any]) -> Iterator[str]:
    """ARM ids of the storage accounts that were made."""
    for region in details:
        for entry in (region.get("storageAccountDetails") or []) if isinstance(region, dict) else []:
            made = entry.get("systemCreatedStorageAccount") or {}
            if found := (made.get("armResourceId") or {}).get("resourceId"):
                yield found
