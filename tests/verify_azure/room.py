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
    for lock in world.locks:
        try:
            _delete(cloud, lock, api=api.LOCK)
        except (Refused, AzureError) as error:
            left.append(f"{lock}: {first_line(error)}")
    for name in world.groups:
        say(f"Removing resource group {name} ...")
        try:
            _remove_group(cloud, f"{cloud.scope}/resourceGroups/{name}")
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
    commands = [
        *(f"az lock delete --ids {lock}" for lock in world.locks),
        *(f"az group delete --yes --name {name}" for name in world.groups),
        *world.leftovers,
    ]
    return ["Remove it by hand:", *(f"    {command}" for command in commands)]


def _remove_group(cloud: Cloud, group: str) -> None:
    kinds = f"{group}/providers/Microsoft.MachineLearningServices/workspaces"
    listed = cloud.send("GET", kinds, api=api.ML)
    for row in listed.json()["value"] if listed.status_code == 200 else ():
        _delete(cloud, row["id"], api=api.ML, forceToPurge="true")
    _delete(cloud, group, api=api.GROUP)


def _delete(cloud: Cloud, path: str, *, api: str, **query: str) -> None:
    """Delete what may be gone already. Raises: Refused."""
    try:
        cloud.finish("DELETE", path, api=api, **query)
    except Refused as refused:
        if refused.status != 404:
            raise


def _purge_vaults(cloud: Cloud, group: str) -> None:
    deleted = f"{cloud.scope}/providers/Microsoft.KeyVault/deletedVaults"
    for row in cloud.get(deleted, api=api.VAULT)["value"]:
        if f"/resourcegroups/{group}".lower() in row["properties"]["vaultId"].lower():
            place = row["properties"]["location"]
            purge = f"{cloud.scope}/providers/Microsoft.KeyVault/locations/{place}/deletedVaults/{row['name']}/purge"
            cloud.finish("POST", purge, api=api.VAULT)
