"""The public registry "azureml" with its curated environments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from plumbline.emulator.services.machine_learning.asset_place import PROVIDER, REGISTRY_TYPE

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

SYSTEM_SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
"""Microsoft's own, where public registries live: nobody here has rights to write in it."""
_TABLE = Path(__file__).with_name("curated.yaml")


def seed_public_registry(emulator: Emulator) -> None:
    """Create the registry and the versions that are not there yet; a table that changed is taken up at the next start."""
    store, settings = emulator.store, emulator.settings
    registry_id = (
        f"/subscriptions/{SYSTEM_SUBSCRIPTION}/resourceGroups/azureml/providers/{PROVIDER}/registries/azureml"
    )
    table = yaml.load(_TABLE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    with store.transaction():
        discovery = f"{settings.base_url}/registrymanagement/v1.0/registries/azureml/discovery"
        body = {"location": settings.location, "properties": {"discoveryUrl": discovery, "regionDetails": []}}
        present = store.get(registry_id)
        if present is None or present.body != body:
            store.put(registry_id, body, type=REGISTRY_TYPE, principal=None)
        for name, row in _named(table):
            container = f"{registry_id}/environments/{name}"
            if store.get(container) is None:
                store.put(container, {"properties": {}}, type=f"{REGISTRY_TYPE}/environments", principal=None)
            body = {"properties": environment_properties(row, table["latest"])}
            for number in range(row["first"], row["last"] + 1):
                version = f"{container}/versions/{number}"
                present = store.get(version)
                if present is None or present.body != body:
                    store.put(version, body, type=f"{REGISTRY_TYPE}/environments/versions", principal=None)


def _named(table: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each environment under its name, the same behind AzureML-, and its former names."""
    for row in table["environments"]:
        for name in (row["name"], f"AzureML-{row['name']}", *row.get("former", ())):
            yield name, row


def environment_properties(row: dict[str, Any], latest: dict[str, str]) -> dict[str, Any]:
    """An environment version's properties, from a row of the table.

    Args:
        latest: The versions that stand for what a specification leaves open.
    """
    pip = [*row.get("also", {}).get("packages", ()), *row["pip"]]
    pinned = [line.replace("==latest", f"=={latest.get(line.partition('==')[0])}") for line in pip]
    conda = {
        "channels": ["conda-forge", "anaconda"],
        "dependencies": [*row["dependencies"], {"pip": pinned}],
        "name": row["name"],
    }
    return {
        "image": row["image"],
        "condaFile": yaml.safe_dump(conda, sort_keys=True),
        "description": row["description"],
        "environmentType": "Curated",
        "osType": "Linux",
        "isAnonymous": False,
        "isArchived": False,
        "tags": {},
        "properties": {},
    }
