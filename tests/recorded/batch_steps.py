"""Set-up steps of rows about batch endpoints: a pipeline component, what it is deployed to, and a job of an invocation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.recorded.job_steps import components
from tests.recorded.world import World

Step = Callable[[World, dict[str, str]], None]
_ENDPOINTS = "2024-01-01-preview"


def _put(world: World, names: dict[str, str], path: str, properties: dict[str, Any]) -> Any:
    body = {"location": "westeurope", "properties": properties}
    answer = world.send({"method": "PUT", "path": path, "body": body}, names, api_version=_ENDPOINTS)
    assert answer.status_code in {200, 201}, (path, answer.status_code, answer.text)
    return answer.json()


def batch_deployment(world: World, names: dict[str, str]) -> None:
    """`{endpoint}` with its default deployment `{deployment}` of `{whole}`; `{scoring}` and `{ml_token}` to invoke it."""
    components(world, names)
    names["ml_token"] = world.platform.emulator.token("deployer", audience="https://ml.azure.com")
    names["endpoint"], names["deployment"] = f"e-{names['unique']}", f"d-{names['unique']}"
    node = {
        "type": "command",
        "componentId": "{maker}",
        "inputs": {"rate": {"job_input_type": "literal", "value": "${{parent.inputs.rate}}"}},
    }
    spec = {
        "name": "{unique}",
        "version": "1",
        "type": "pipeline",
        "inputs": {"rate": {"type": "number", "default": "0.5"}, "folder": {"type": "uri_folder", "optional": True}},
        "jobs": {"make": node},
    }  # fmt: skip
    path = "{workspace}/components/{unique}/versions/1"
    names["whole"] = _put(world, names, path, {"componentSpec": spec})["id"]
    endpoint = "{workspace}/batchEndpoints/{endpoint}"
    _put(world, names, endpoint, {"authMode": "AADToken"})
    configuration = {
        "deploymentConfigurationType": "PipelineComponent",
        "componentId": {"referenceType": "Id", "assetId": "{whole}"},
        "settings": {"default_compute": "{cluster}"},
    }
    _put(world, names, f"{endpoint}/deployments/{{deployment}}", {"deploymentConfiguration": configuration})
    defaults = {"authMode": "AADToken", "defaults": {"deploymentName": "{deployment}"}}
    names["scoring"] = _put(world, names, endpoint, defaults)["properties"]["scoringUri"]


def batch_job(world: World, names: dict[str, str]) -> None:
    """`{job}`: what an invocation of `{endpoint}` made."""
    batch_deployment(world, names)
    request = {
        "method": "POST",
        "path": "{scoring}",
        "headers": {"Authorization": "Bearer {ml_token}"},
        "body": {"properties": {"InputData": {"rate": {"JobInputType": "Literal", "Value": "0.25"}}}},
    }
    answer = world.send(request, names, api_version="")
    assert answer.status_code == 201, answer.text
    names["job"] = answer.json()["name"]


STEPS: dict[str, Step] = {step.__name__: step for step in (batch_deployment, batch_job)}
