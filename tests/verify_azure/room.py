"""The resource group of one run: its name, and how everything of it is removed, whatever happened."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from azure.core.exceptions import AzureError

from tests.verify_azure import versions as api
from tests.verify_azure.cloud import Cloud, Refused
from tests.verify_azure.subject import World, first_line

PREFIX = "rg-plumbline-verify-"


def new_world(cloud: Cloud, *, date: str) -> World:
    """A world in a group of its own that nobody else has."""
    suffix = secrets.token_hex(4)
    tags = {"purpose": "plumbline verify-azure, safe to delete", "created": date}
    return World(cloud, group_name=f"{PREFIX}{suffix}", suffix=suffix, tags=tags)


def remove(world: World, say: Callable[[str], None]) -> bool:
    """Remove the group and what would outlive it; answers whether nothing is left.

    A workspace and a vault are kept by Azure after their deletion: both are purged.
    """
    cloud, left = world.cloud, []
    cloud.stopping.clear()
    groups = f"{cloud.scope}/resourceGroups"
    try:
        names = [row["name"] for row in cloud.get(groups, api=api.GROUP)["value"]]
    except (Refused, AzureError) as error:
        names, left = [], [f"list of groups: {first_line(error)}"]
    for name in sorted(one for one in names if one.startswith(world.group_name)):
        say(f"Removing resource group {name} ...")
        try:
            _remove_group(cloud, f"{groups}/{name}")
        except (Refused, AzureError) as error:
            left.append(f"{name}: {first_line(error)}")
    try:
        _purge_vaults(cloud, world.group_name)
    except (Refused, AzureError) as error:
        left.append(f"deleted vaults: {first_line(error)}")
    if left:
        say("\n".join(["Not everything could be removed:", *left, *way_out(world)]))
    return not left


def way_out(world: World) -> list[str]:
    """The commands that remove what may be left."""
    commands = [f"az group delete --yes --name {world.group_name}", *world.leftovers]
    return ["Remove it by hand:", *(f"    {command}" for command in commands)]


def _remove_group(cloud: Cloud, group: str) -> None:
    kinds = f"{group}/providers/Microsoft.MachineLearningServices/workspaces"
    for row in cloud.get(kinds, api=api.ML)["value"]:
        cloud.finish("DELETE", row["id"], api=api.ML, forceToPurge="true")
    cloud.finish("DELETE", group, api=api.GROUP)


def _purge_vaults(cloud: Cloud, group: str) -> None:
    deleted = f"{cloud.scope}/providers/Microsoft.KeyVault/deletedVaults"
    for row in cloud.get(deleted, api=api.VAULT)["value"]:
        if f"/resourcegroups/{group}".lower() in row["properties"]["vaultId"].lower():
            place = row["properties"]["location"]
            purge = f"{cloud.scope}/providers/Microsoft.KeyVault/locations/{place}/deletedVaults/{row['name']}/purge"
            cloud.finish("POST", purge, api=api.VAULT)
