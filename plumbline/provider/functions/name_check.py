"""Whether the names that are unique in all Azure are free, asked before anything is created or deleted for them.

Source: StorageAccounts_CheckNameAvailability, Vaults_CheckNameAvailability, Registries_CheckNameAvailability.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.provider.cloud import Cloud
from plumbline.provider.errors import Denied

CHECK_NAMES = "plumbline:azureml:checkNames"
# Noun -> (Azure's type, the group of operations whose api-version is asked with).
TYPES = {
    "storage account": ("Microsoft.Storage/storageAccounts", "storage_accounts"),
    "key vault": ("Microsoft.KeyVault/vaults", "vaults"),
    "container registry": ("Microsoft.ContainerRegistry/registries", "registries"),
}


async def check_names(cloud: Cloud, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for each name whether it is free, or a resource of this group.

    Args:
        arguments: resourceGroupName; names: a list of noun (one of `TYPES`), name.
    Returns: problems: names that somebody else has, or that Azure does not allow; warnings: what was not asked. Each a
        list of noun, name, message.
    Raises: Refusal: no login, or no answer. A missing right to ask is a warning.
    """
    group = f"/subscriptions/{cloud.settings.subscription_id}/resourceGroups/{arguments['resourceGroupName']}"
    asked: list[Mapping[str, Any]] = arguments["names"]
    found = await asyncio.gather(*(_checked(cloud, group, one) for one in asked))
    return {
        key: [
            {"noun": one["noun"], "name": one["name"], "message": message}
            for one, (kind, message) in zip(asked, found, strict=True)
            if kind == key
        ]
        for key in ("problems", "warnings")
    }


async def _checked(cloud: Cloud, group: str, one: Mapping[str, Any]) -> tuple[str, str]:
    """Kind of finding and its message; two empty texts when the name may be used."""
    type_name, operations = TYPES[one["noun"]]
    provider = type_name.partition("/")[0]
    scope = f"/subscriptions/{cloud.settings.subscription_id}/providers/{provider}"
    version = api_version(operations)
    try:
        answer = await cloud.reader.post(
            f"{scope}/checkNameAvailability",
            api_version=version,
            body={"name": one["name"], "type": type_name},
        )
        if answer.get("nameAvailable"):
            return "", ""
        own = await cloud.reader.get(f"{group}/providers/{type_name}/{one['name']}", api_version=version)
    except Denied as refusal:
        return "warnings", f"Whether the name is free was not asked. {refusal}"
    return ("", "") if own is not None else ("problems", refused(one, answer))


def refused(one: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    """What Azure says against a name, and the way out."""
    reason = str(answer.get("reason") or "")
    said = " ".join(str(answer.get("message") or reason or "no reason given").split())
    if reason == "AlreadyExists":
        return (
            f"{one['noun']}: got name {one['name']!r}, which somebody else has in Azure, expected one that is free or "
            f"this stack's own ({said}) Choose another platform name, or free this one (a deleted vault: az keyvault "
            "purge)."
        )
    return f"{one['noun']}: got name {one['name']!r}, expected one that Azure takes ({said}) Choose another platform name."
