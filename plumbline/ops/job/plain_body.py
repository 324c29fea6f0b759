"""A release job's REST body without azure-ai-ml, whose import takes longer than a submission. Pure.

A release job points to registered versions alone, so that nothing is left to upload or to look up. What this does not carry
(identities, distributions, sweeps, modes, literals of steps that are more than text) goes through azure-ai-ml as before; the
two are held against each other in tests/contract/test_job_plain_body.py.
Source: azure-ai-ml 1.35.2 PipelineJob._to_rest_object, as sent; recorded pipeline jobs, 2026-02-27 and 2026-03-26.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.references import parse_reference
from plumbline.kinds import COMPONENT, kind_of_input

_JOB = {
    "type",
    "name",
    "display_name",
    "experiment_name",
    "description",
    "tags",
    "inputs",
    "outputs",
    "settings",
    "jobs",
}
_NODE = {"type", "component", "inputs", "outputs", "environment_variables"}
_NODE_TYPES = ("command", "pipeline")
_PLACES = {"default_compute": "computes", "default_datastore": "datastores"}


class _NotCarriedError(Exception):
    """The job says something that goes through azure-ai-ml."""


def plain_body(
    job: Mapping[str, Any], *, workspace_id: str, properties: Mapping[str, str]
) -> dict[str, Any] | None:
    """The properties of a canonical job's body; None when it says something that azure-ai-ml has to say.

    Args:
        job: Canonical, exact versions throughout, with its tags.
        properties: Of the job: what azure-ai-ml notes of the git checkout.
    """
    try:
        if set(job) - _JOB:
            raise _NotCarriedError
        body = {
            "jobType": "Pipeline",
            "displayName": job.get("display_name"),
            "experimentName": job.get("experiment_name"),
            "description": job.get("description"),
            "tags": dict(job.get("tags") or {}),
            "properties": dict(properties),
            "isArchived": False,
            "inputs": {
                name: _input(value, workspace_id) for name, value in (job.get("inputs") or {}).items()
            },
            "outputs": {name: _output(value) for name, value in (job.get("outputs") or {}).items()},
            "settings": _settings(job.get("settings") or {}, workspace_id),
            "jobs": {name: _node(name, node, workspace_id) for name, node in (job.get("jobs") or {}).items()},
        }
    except _NotCarriedError:
        return None
    return {name: value for name, value in body.items() if value is not None}


def _input(value: Any, workspace_id: str) -> dict[str, Any]:
    if isinstance(value, str):
        return {"jobInputType": "literal", "value": value}
    if set(value) != {"type", "path"}:
        raise _NotCarriedError
    collection = kind_of_input(value["type"]).collection
    return {"jobInputType": value["type"], "uri": _versioned(value["path"], workspace_id, collection)}


def _output(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or set(value) != {"type"}:
        raise _NotCarriedError
    return {"jobOutputType": value["type"]}


def _settings(settings: Mapping[str, Any], workspace_id: str) -> dict[str, Any]:
    found = {"_source": "YAML.JOB", **settings}
    for name, collection in _PLACES.items():
        if name in found:
            short = str(found[name])
            if not short.startswith("azureml:"):
                raise _NotCarriedError
            found[name] = f"{workspace_id}/{collection}/{short.removeprefix('azureml:')}"
    return found


def _node(name: str, node: Mapping[str, Any], workspace_id: str) -> dict[str, Any]:
    if set(node) - _NODE or node["type"] not in _NODE_TYPES:
        raise _NotCarriedError
    values = [*(node.get("inputs") or {}).values(), *(node.get("outputs") or {}).values()]
    if any(not isinstance(value, str) for value in values):
        raise _NotCarriedError
    found: dict[str, Any] = {
        "name": name,
        "type": node["type"],
        "componentId": _versioned(str(node["component"]), workspace_id, COMPONENT.collection),
        "_source": "REMOTE.WORKSPACE.COMPONENT",
        "inputs": {
            one: {"job_input_type": "literal", "value": value}
            for one, value in (node.get("inputs") or {}).items()
        },
        "outputs": {
            one: {"type": "literal", "value": value} for one, value in (node.get("outputs") or {}).items()
        },
        "environment_variables": dict(node.get("environment_variables") or {}),
    }
    return {key: value for key, value in found.items() if value != {}}


def _versioned(text: str, workspace_id: str, collection: str) -> str:
    """A reference to a version of this workspace as a full id; a registry's and an address as they are."""
    address = parse_reference(text)
    if address is None or address.registry:
        return text
    if not address.version or address.curated:
        raise _NotCarriedError
    return f"{workspace_id}/{collection}/{address.name}/versions/{address.version}"
