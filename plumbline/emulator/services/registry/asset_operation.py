"""Publishing into a registry as Azure answers it: accepted at once, finished under an address of its own.

Source: test_crud_model_with_system_metadata (2025-04-01), test_registry_environment_create_conda_and_get (2023-03-09),
test_create_data_asset_in_registry (2023-02-07). There it takes half a minute to minutes; here the first poll finds it done.
"""

from __future__ import annotations

import base64
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.machine_learning.reference import registry_named
from plumbline.emulator.services.machine_learning.rule import rule
from plumbline.emulator.store import Resource

_PREFIX = "azureml://registries/"


def accepted(call: Call, version: Resource, answer: dict[str, Any]) -> Reply:
    """The answer to a PUT of a version: 202, the text null, and where to ask; of other kinds the version itself."""
    collection = version.id.split("/")[-4]
    service = rule(call.emulator, "registry_put_accepted", collection)
    if service is None:
        return Reply(status=201, json=answer)
    opaque = base64.urlsafe_b64encode(str(answer["id"]).encode()).decode().rstrip("=")
    headers = {
        "location": f"{call.base_url}/{service}/v1.0/operations/{opaque}",
        "x-ms-async-operation-timeout": "PT1H",
    }
    return Reply(status=202, json=None, headers=headers)


def status(call: Call) -> Reply:
    """GET operations/{opaque}: the asset's id once it is there. Raises: AzureError: 404 for an operation of nothing."""
    opaque = call.params["operation"]
    try:
        asset_id = base64.urlsafe_b64decode(opaque + "=" * (-len(opaque) % 4)).decode()
    except ValueError:  # not base64, or not of a text
        asset_id = ""
    name, _, path = asset_id.removeprefix(_PREFIX).partition("/")
    registry = registry_named(call.emulator.store, name) if asset_id.startswith(_PREFIX) else None
    if registry is None or call.emulator.store.get(f"{registry.id}/{path}") is None:
        raise AzureError(404, "UserError", f"Operation '{opaque}' was not found.")
    return Reply(json={"assetId": asset_id})
