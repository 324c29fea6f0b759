"""Named set-up steps of rows: each registers something under the row's own name and adds what later requests name."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from tests.recorded import batch_steps, job_steps
from tests.recorded.world import World, filled

Step = Callable[[World, dict[str, str]], None]


def _put(world: World, names: dict[str, str], path: str, body: dict[str, Any], api_version: str) -> Any:
    request = {"method": "PUT", "path": path, "body": body}
    response = world.send(request, names, api_version=api_version)
    assert response.status_code in {200, 201}, (path, response.status_code, response.text)
    return response.json()


def workspace(world: World, names: dict[str, str]) -> None:
    """Every world has one: `{workspace}`, `{group}`, `{account}`."""


def code(world: World, names: dict[str, str]) -> None:
    """A code version, `{code}`, with an upload of its own behind it."""
    path = f"{{workspace}}/codes/{uuid.uuid4()}/versions/1"
    asked = {
        "method": "POST",
        "path": f"{path}/startPendingUpload",
        "body": {"pendingUploadType": "TemporaryBlobReference"},
    }
    upload = world.send(asked, names, api_version="2023-04-01").json()
    address = upload["blobReferenceForConsumption"]["blobUri"]
    body = {"properties": {"codeUri": f"{address}/src", "isAnonymous": True, "properties": {
        "hash_sha256": uuid.uuid4().hex * 2, "hash_version": "202208"}}}  # fmt: skip
    names["code"] = _put(world, names, path, body, "2023-04-01")["id"]


def environment(world: World, names: dict[str, str]) -> None:
    """An environment version 1 named `{unique}`: its id is `{environment}`."""
    body = {"properties": {"image": "python:3.11", "isAnonymous": False, "isArchived": False}}
    path = "{workspace}/environments/{unique}/versions/1"
    names["environment"] = _put(world, names, path, body, "2023-04-01-preview")["id"]


def component(world: World, names: dict[str, str]) -> None:
    """A command component version 1 named `{unique}`, with code and environment: `{component}`."""
    code(world, names)
    environment(world, names)
    spec = {
        "name": "{unique}",
        "type": "command",
        "command": "echo ${{inputs.rate}}",
        "code": "azureml:{code}",
        "environment": "azureml:{environment}",
        "inputs": {"rate": {"type": "number", "default": "0.5"}},
    }
    body = {
        "properties": {
            "description": "First.",
            "isAnonymous": False,
            "isArchived": False,
            "componentSpec": spec,
        }
    }
    path = "{workspace}/components/{unique}/versions/1"
    names["component"] = _put(world, names, path, body, "2024-01-01-preview")["id"]


def registry(world: World, names: dict[str, str]) -> None:
    """A registry `{registry_name}` with its data plane at `{registry_plane}`; made once for all rows."""
    names["registry_name"] = "RowRegistry"
    path = "{group}/providers/Microsoft.MachineLearningServices/registries/{registry_name}"
    body = {"location": "westeurope", "identity": {"type": "SystemAssigned"},
            "properties": {"regionDetails": [{"location": "westeurope"}]}}  # fmt: skip
    request = {"method": "PUT", "path": path, "body": body}
    response = world.send(request, names, api_version="2024-10-01")
    assert response.status_code in {200, 201, 202}, response.text
    names["registry_plane"] = filled("{base}/mferp/managementfrontend" + path, names)


STEPS: dict[str, Step] = {
    **{step.__name__: step for step in (workspace, code, environment, component, registry)},
    **job_steps.STEPS,
    **batch_steps.STEPS,
}
