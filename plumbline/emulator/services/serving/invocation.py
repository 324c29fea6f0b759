"""What an invocation of a batch endpoint asks for, as the pipeline job that it becomes.

Source: recorded test_batch_component, 2022-12-08, and test_batch_invoke_outputs, 2023-01-13 (what is sent); learn, "Create
jobs and input data for batch endpoints" (the same in capitals, and literals).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.executor.job_fields import mode_of, text_of
from plumbline.emulator.store import Resource

TYPES = {
    "UriFile": "uri_file",
    "UriFolder": "uri_folder",
    "MLTable": "mltable",
    "MLFlowModel": "mlflow_model",
    "CustomModel": "custom_model",
    "TritonModel": "triton_model",
}
"""Kinds of data as an invocation says them, to those of a job."""
_BY_LOWER = {name.lower(): kind for name, kind in TYPES.items()}
_LITERAL = "literal"


def component_of(deployment: Resource) -> str:
    """Return the pipeline component that a deployment runs.

    Raises: AzureError: 501 for a deployment of a model: nothing scores here.
    """
    component = (_configuration(deployment).get("componentId") or {}).get("assetId")
    if not component:
        raise AzureError(
            501,
            "NotImplemented",
            f"Deployment '{deployment.name}' runs a scoring script or a model. The emulator runs deployments of pipeline "
            "components only.",
        )
    return str(component)


def pipeline_job(
    endpoint: Resource, deployment: Resource, body: Mapping[str, Any], *, display_name: str
) -> dict[str, Any]:
    """Return the `properties` of the pipeline job that an invocation makes.

    Args:
        body: What was sent; names of members in any case, as the service takes them.
        display_name: Used where the caller names none.
    Raises: AzureError: 400 for what cannot be read; 501 for what the emulator does not know of an invocation.
    """
    configuration, component = _configuration(deployment), component_of(deployment)
    sent = _members(body.get("properties", body.get("Properties")), "properties")
    inputs = _given(sent.pop("inputdata", None), "inputData")
    outputs = _given(sent.pop("outputdata", None), "outputData")
    name = sent.pop("name", None)
    more = _members(sent.pop("properties", None), "properties.properties")
    experiment = more.pop("experimentname", None)
    for member in (*sent, *(f"properties.{one}" for one in more)):
        raise AzureError(
            501, "NotImplemented", f"The emulator does not model '{member}' of an invocation.", member
        )
    return {
        "jobType": "Pipeline",
        "componentId": component,
        "displayName": str(name or display_name),
        "experimentName": str(experiment or endpoint.name),
        "description": str(
            configuration.get("description")
            or f"Pipeline submission for endpoint: {endpoint.name}, deployment: {deployment.name}."
        ),
        "inputs": {key: _input(key, value) for key, value in inputs.items()},
        "outputs": {key: _output(key, value) for key, value in outputs.items()},
        "jobs": {},
        "settings": dict(configuration.get("settings") or {}),
        "tags": {
            **{key: str(value) for key, value in (configuration.get("tags") or {}).items()},
            "azureml.batchrun": "true",
            "azureml.deploymentname": deployment.name,
            "azureml.jobtype": "azureml.pipelinejob",
        },
    }


def _configuration(deployment: Resource) -> Mapping[str, Any]:
    return deployment.body["properties"].get("deploymentConfiguration") or {}


def _input(name: str, given: Any) -> dict[str, Any]:
    members, where = _members(given, f"inputData.{name}"), f"inputData.{name}"
    kind = str(members.get("jobinputtype") or "").lower()
    if kind == _LITERAL:
        value = members.get("value")
        return {"jobInputType": "literal", "value": None if value is None else text_of(value)}
    return {"jobInputType": _kind(kind, f"{where}.jobInputType"), **_place(members, where, "ReadOnlyMount")}


def _output(name: str, given: Any) -> dict[str, Any]:
    members, where = _members(given, f"outputData.{name}"), f"outputData.{name}"
    kind = str(members.get("joboutputtype") or "").lower()
    return {
        "jobOutputType": _kind(kind, f"{where}.jobOutputType"),
        **_place(members, where, "ReadWriteMount"),
    }


def _kind(kind: str, where: str) -> str:
    if kind not in _BY_LOWER:
        raise AzureError(
            400, "UserError", f"{where} is '{kind}', expected one of {', '.join(['Literal', *TYPES])}.", where
        )
    return _BY_LOWER[kind]


def _place(members: Mapping[str, Any], where: str, mode: str) -> dict[str, Any]:
    if not members.get("uri"):
        raise AzureError(400, "UserError", f"{where} has no uri.", where)
    return {"uri": str(members["uri"]), "mode": mode_of(members.get("mode"), mode)}


def _given(value: Any, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise AzureError(400, "UserError", f"{where} must be an object.", where)
    return dict(value)


def _members(value: Any, where: str) -> dict[str, Any]:
    """Return an object's members by their names in small letters."""
    return {str(name).lower(): member for name, member in _given(value, where).items()}
