"""A job as `az ml job` prints it: its field names, from the REST body.

Source: azure-ai-ml 1.35.2 `Job._to_dict`, compared field by field in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from plumbline.assets.job import normal_distribution, wire_words
from plumbline.assets.references import normal_reference
from plumbline.azure.moment import moment
from plumbline.ops.job_body import COMPONENT_PROPERTY

_TYPES = {
    "Pipeline": "pipeline",
    "Command": "command",
    "Sweep": "sweep",
    "AutoML": "automl",
    "Spark": "spark",
}


def shown_job(body: Mapping[str, Any]) -> dict[str, Any]:
    """What `az ml job show` answers for a job that ARM answers."""
    properties = body.get("properties") or {}
    kind = _TYPES.get(str(properties.get("jobType")), str(properties.get("jobType", "")).lower())
    shown: dict[str, Any] = {
        "name": body.get("name"),
        "id": f"azureml:{body.get('id')}",
        "type": kind,
        "status": properties.get("status"),
        "display_name": properties.get("displayName"),
        "experiment_name": properties.get("experimentName"),
        "description": properties.get("description"),
        "tags": properties.get("tags") or {},
        "properties": properties.get("properties") or {},
        "compute": _short(properties.get("computeId")),
        "inputs": {name: _input(value) for name, value in (properties.get("inputs") or {}).items()},
        "outputs": {name: _output(value) for name, value in (properties.get("outputs") or {}).items()},
        "settings": _settings(properties.get("settings")) if kind == "pipeline" else None,
        "jobs": {name: shown_node(node) for name, node in (properties.get("jobs") or {}).items()}
        if kind == "pipeline"
        else None,
        "component": _short(
            # A batch endpoint's job is answered without its component; its run names it.
            properties.get("componentId") or (properties.get("properties") or {}).get(COMPONENT_PROPERTY)
        ),
        "command": properties.get("command"),
        "code": _short(properties.get("codeId")),
        "environment": _short(properties.get("environmentId")),
        "environment_variables": properties.get("environmentVariables"),
        "parent_job_name": properties.get("parentJobName"),
        "services": _services(properties.get("services")),
        "creation_context": creation_context(body.get("systemData")),
    }
    return {name: value for name, value in shown.items() if value is not None and value != ""}


def shown_run(row: Mapping[str, Any]) -> dict[str, Any]:
    """What `az ml job list --parent-job-name` answers for a run in run history's own form."""
    user = row.get("createdBy") or {}
    shown = {
        "name": row.get("runId"),
        "type": "pipeline" if row.get("runType") == "azureml.PipelineRun" else "command",
        "status": row.get("status"),
        "display_name": row.get("displayName"),
        "parent_job_name": row.get("parentRunId"),
        "experiment_name": row.get("experimentName"),
        "description": row.get("description"),
        "tags": row.get("tags") or {},
        "properties": row.get("properties") or {},
        "compute": row.get("target"),
        "services": _services(row.get("services")),
        "creation_context": {
            "created_at": _time(str(row.get("createdUtc") or "")),
            "created_by": user.get("userName"),
        },
    }
    return {name: value for name, value in shown.items() if value is not None}


def creation_context(system_data: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Who made something and changed it last, under the names of `az ml`."""
    words = {
        "created_at": "createdAt",
        "created_by": "createdBy",
        "created_by_type": "createdByType",
        "last_modified_at": "lastModifiedAt",
        "last_modified_by": "lastModifiedBy",
        "last_modified_by_type": "lastModifiedByType",
    }
    data = system_data or {}
    found = {name: data[wire] for name, wire in words.items() if data.get(wire)}
    return {name: _time(value) if name.endswith("_at") else value for name, value in found.items()} or None


def _time(text: str) -> str:
    found = moment(text)
    return found.isoformat() if found else text


def _services(services: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        name: {
            "endpoint": _unsigned(service.get("endpoint")),
            "type": service.get("jobServiceType") or service.get("type"),
        }
        for name, service in (services or {}).items()
        if service
    }


def _unsigned(address: Any) -> Any:
    """An address without the signature that would open it for whoever reads a log; `plumbline job open` has that."""
    if not isinstance(address, str) or "sig" not in parse_qs(urlsplit(address).query):
        return address
    return address.partition("?")[0]


def _settings(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    found = {
        name: value for name, value in (settings or {}).items() if name != "_source" and value is not None
    }
    return {
        name: _short(value) if name in {"default_compute", "default_datastore"} else value
        for name, value in found.items()
    }


def _input(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if (value.get("jobInputType") or value.get("job_input_type")) == "literal":
        text = value.get("value")
        return {"path": text} if isinstance(text, str) and text.startswith("${{") else text
    return _data(value, value.get("jobInputType") or value.get("job_input_type"))


def _output(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if value.get("type") == "literal" or "value" in value:
        return value.get("value")
    return _data(value, value.get("jobOutputType") or value.get("job_output_type"))


def _data(value: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    mode = value.get("mode")
    found = {
        "mode": wire_words("modes").get(str(mode), str(mode).lower()) if mode else None,
        "type": kind or value.get("type"),
        "path": _short(value.get("uri") or value.get("path")),
    }
    return {name: item for name, item in found.items() if item}


def shown_node(node: Mapping[str, Any]) -> dict[str, Any]:
    """A step under the names of az ml."""
    words = wire_words("node_fields")
    found = {words.get(name, name): value for name, value in node.items() if name not in {"_source", "name"}}
    for name in ("component", "compute"):
        if name in found:
            found[name] = _short(found[name])
    found["inputs"] = {name: _input(value) for name, value in (node.get("inputs") or {}).items()}
    found["outputs"] = {name: _output(value) for name, value in (node.get("outputs") or {}).items()}
    if found.get("distribution"):
        found["distribution"] = normal_distribution(found["distribution"])
    return {name: value for name, value in found.items() if value not in (None, {}, "")}


def _short(value: Any) -> Any:
    """The client shortens a bare ARM id to `azureml:NAME:VERSION`, and leaves one with a prefix alone."""
    return normal_reference(value) if isinstance(value, str) and value.startswith("/") else value
