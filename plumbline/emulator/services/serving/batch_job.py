"""The jobs that batch endpoints make: how they come to be, and how an endpoint shows them."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote, urlencode

from plumbline.emulator.errors import AzureError
from plumbline.emulator.executor.run import Run, time_text
from plumbline.emulator.executor.submission import JobOrigin
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.jobs.answer import services
from plumbline.emulator.services.machine_learning.asset_place import DATA_PLANE, PROVIDER, WORKSPACE
from plumbline.emulator.services.resource_manager import checks
from plumbline.emulator.services.serving.invocation import TYPES, component_of, pipeline_job
from plumbline.emulator.store import Resource

DEPLOYMENT_HEADER = "azureml-model-deployment"
LIST_VERSION = "2020-09-01-dataplanepreview"
"""The api-version that azure-ai-ml 1.35.2 lists an endpoint's jobs with."""
_TYPE = f"{PROVIDER}/workspaces/batchEndpoints"
_SHOWN_TYPES = {kind: name for name, kind in TYPES.items()}
_ADJECTIVES, _NOUNS = ("bold", "calm", "keen", "lucid"), ("egg", "lake", "stamp", "wing")
_PAGE = 50


def endpoint_id(call: Call) -> str:
    """Return the ARM id of the endpoint that a path names."""
    return f"{WORKSPACE.id(call)}/batchEndpoints/{call.params['endpoint']}"


def deployment_id(call: Call) -> str:
    """Return the ARM id of the deployment that a path names."""
    return f"{endpoint_id(call)}/deployments/{call.params['deployment']}"


def invoke(call: Call) -> Reply:
    """POST jobs: run the pipeline of the deployment that the header names, else of the default one.

    Source: recorded test_batch_component, 2022-12-08; a sample of azure.azcollection of 2026-05-04.
    """
    endpoint = _found(call, endpoint_id(call), "endpoint", call.params["endpoint"])
    workspace = call.emulator.store.get(WORKSPACE.id(call))
    assert workspace is not None, "an endpoint lives in a workspace"
    deployment = _deployment(call, endpoint)
    # Rests on batch-invoke-rights.
    call.emulator.access.require(call.principal, f"{_TYPE}/deployments/jobs/write", deployment.id)
    draft = uuid.uuid4()
    body = pipeline_job(endpoint, deployment, call.json(), display_name=_any_name(draft))
    name = f"pipelinejob-{uuid.uuid4()}"
    origin = JobOrigin(
        deployment=f"{endpoint.name}/{deployment.name}",
        properties={
            "runSource": "BatchDeployment",
            "azureml.runLineageType": "batchDeployment",
            "azureml.endpointname": endpoint.name,
            "azureml.deploymentname": deployment.name,
            "azureml.sourcepipelinerunid": str(draft),
        },
    )
    run = call.emulator.executor.submit(workspace, name, body, call.principal, origin)
    location = f"{call.base_url}{DATA_PLANE}{deployment.id}?api-version={LIST_VERSION}"
    return Reply(
        status=201,
        # The service leaves the endpoint's name out of this id.
        json=_answer(call, run, f"{workspace.id}/batchEndpoints/"),
        headers={DEPLOYMENT_HEADER: deployment.name, "location": location},
    )


def list_of_endpoint(call: Call) -> Reply:
    """GET batchEndpoints/{endpoint}/jobs: what its invocations made, newest first."""
    checks.check_version(call, (LIST_VERSION,), provider_type="workspaces/batchEndpoints/jobs")
    endpoint = _found(call, endpoint_id(call), "endpoint", call.params["endpoint"])
    return _page(call, endpoint.id, f"{endpoint.name}/")


def list_of_deployment(call: Call) -> Reply:
    """GET batchEndpoints/{endpoint}/deployments/{deployment}/jobs: the same of one deployment."""
    checks.check_version(call, (LIST_VERSION,), provider_type="workspaces/batchEndpoints/deployments/jobs")
    endpoint = _found(call, endpoint_id(call), "endpoint", call.params["endpoint"])
    deployment = _found(call, deployment_id(call), "deployment", call.params["deployment"])
    return _page(call, deployment.id, f"{endpoint.name}/{deployment.name}")


def _page(call: Call, parent: str, made_by: str) -> Reply:
    token = call.query.get("$skip", "")
    runs = call.emulator.executor.runs.jobs(
        WORKSPACE.id(call), before=int(token) if token.isdigit() else None
    )
    wanted = [run for run in runs if f"{run.deployment}/".startswith(made_by.rstrip("/") + "/")]
    answer: dict[str, Any] = {"value": [_answer(call, run, parent) for run in wanted[:_PAGE]]}
    if len(wanted) > _PAGE:
        rest = {**call.query, "$skip": str(wanted[_PAGE - 1].sequence)}
        answer["nextLink"] = f"{call.base_url}{quote(call.path)}?{urlencode(rest)}"
    return Reply(json=answer)


def _deployment(call: Call, endpoint: Resource) -> Resource:
    named = call.headers.get(DEPLOYMENT_HEADER, "")
    name = named or (endpoint.body["properties"].get("defaults") or {}).get("deploymentName")
    if not name:
        raise AzureError(
            404,
            "UserError",
            f"Endpoint '{endpoint.name}' has no default deployment and the request names none. Set a default deployment, "
            f"or name one in the header {DEPLOYMENT_HEADER}.",
            inner=("NotFound",),
        )
    deployment = _found(call, f"{endpoint.id}/deployments/{name}", "deployment", name)
    component_of(deployment)
    return deployment


def _found(call: Call, resource_id: str, noun: str, name: str) -> Resource:
    found: Resource | None = call.emulator.store.get(resource_id)
    if found is None:
        raise AzureError(404, "UserError", f"Batch {noun} '{name}' could not be found.", inner=("NotFound",))
    return found


def _answer(call: Call, run: Run, parent: str) -> dict[str, Any]:
    kind = f"{_TYPE}/deployments/jobs" if "/deployments/" in parent else f"{_TYPE}/jobs"
    inputs = {name: _data(given, "Input") for name, given in run.definition["inputs"].items()}
    outputs = {name: _data(given, "Output") for name, given in run.definition["outputs"].items()}
    properties: dict[str, Any] = {
        "provisioningState": "Succeeded",
        "compute": {
            "target": None,
            "instanceCount": None,
            "isLocal": False,
            "location": None,
            "instanceType": None,
            "properties": None,
        },
        "status": "Preparing" if run.status == "NotStarted" else run.status,
        "interactionEndpoints": {
            name: {"jobEndpointType": name, "port": None, "endpoint": one["endpoint"], "properties": None}
            for name, one in services(call, run).items()
        },
        "tags": run.tags,
        "properties": run.properties,
        "name": run.display_name,
    }
    if inputs:
        properties["inputData"] = inputs
    if outputs:
        properties["outputData"] = outputs
    else:
        properties["output"] = {"datastoreId": None, "path": None}
    made = {"createdAt": time_text(run.created_at), "createdBy": run.submitter.get("name", "")}
    changed = {"lastModifiedAt": made["createdAt"], "lastModifiedBy": made["createdBy"]}
    return {
        "id": f"{parent}/jobs/{run.name}",
        "name": run.name,
        "type": kind,
        "properties": properties,
        "systemData": {**made, **changed},
    }


def _data(given: dict[str, Any], way: str) -> dict[str, Any]:
    kind = given[f"job{way}Type"]
    rest = {"value": given["value"]} if kind == "literal" else {"uri": given["uri"], "mode": given["mode"]}
    return {"description": None, **rest, f"job{way}Type": _SHOWN_TYPES.get(kind, "Literal")}


def _any_name(seed: uuid.UUID) -> str:
    """Return a name for people, in the form of the service's own (`bold_egg_61rw8trx`)."""
    number = seed.int
    words = _ADJECTIVES[number % len(_ADJECTIVES)], _NOUNS[number // 7 % len(_NOUNS)]
    return f"{words[0]}_{words[1]}_{seed.hex[:8]}"
