"""A job's body where Azure shows less of it than was submitted, completed from what else Azure says.

A step is answered without `properties`: its run has them. A job that a schedule made is answered without its graph, inputs,
outputs and settings: its schedule has them, as long as it has not changed since. One that a batch endpoint made is answered
so, too; its run names the deployment and the component, but nothing says which data it read.

Source: recorded answers of jobs 2023-08-01-preview (steps), 2024-01-01-preview (jobs of schedules) and 2022-10-01-preview
    (jobs of batch endpoints); rests on batch-job-hides-its-definition.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from plumbline.azure.moment import moment, second

SCHEDULE_PROPERTY = "azureml.genericTriggerName"
PARAMETERS_PROPERTY = "azureml.parameters"
COMPONENT_PROPERTY = "azureml.SourceComponentId"
_ENDPOINT_PROPERTY, _DEPLOYMENT_PROPERTY = "azureml.endpointname", "azureml.deploymentname"
# What is null in a scheduled job, and stands in its schedule's jobDefinition.
_OF_THE_SCHEDULE = ("jobs", "inputs", "outputs", "settings", "computeId", "description", "identity")
_MACRO = re.compile(r"\$\{\{(?!\s*(parent|inputs|outputs)\b)[^}]*\}\}")
_TYPES = {"azureml.PipelineRun": "Pipeline", "azureml.StepRun": "Command", "azureml.scriptrun": "Command"}


def step_body(body: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """A step's body, its properties from its run in run history's own form."""
    properties = {
        "jobType": _TYPES.get(str(row.get("runType")), "Command"),
        "status": row.get("status") or "NotStarted",
        "displayName": row.get("displayName"),
        "experimentName": row.get("experimentName"),
        "description": row.get("description"),
        "tags": row.get("tags") or {},
        "properties": row.get("properties") or {},
        "services": row.get("services") or {},
        "computeId": row.get("target") or (row.get("compute") or {}).get("target"),
        "parentJobName": row.get("parentRunId"),
        "inputs": {},
        "outputs": {},
    }
    return {**body, "properties": {name: value for name, value in properties.items() if value is not None}}


def schedule_of(body: Mapping[str, Any]) -> str | None:
    """The schedule that a job without a graph was made by; None for a job that shows its own."""
    properties = body.get("properties") or {}
    if properties.get("jobs") or properties.get("componentId"):
        return None
    found = (properties.get("properties") or {}).get(SCHEDULE_PROPERTY)
    return str(found) if found else None


def why_made_by_endpoint(body: Mapping[str, Any]) -> str | None:
    """Why nobody can say what a batch endpoint's job was made of; None for every other job."""
    properties = body.get("properties") or {}
    stamps = properties.get("properties") or {}
    deployment = stamps.get(_DEPLOYMENT_PROPERTY)
    if properties.get("jobs") or properties.get("componentId") or not deployment:
        return None
    endpoint = stamps.get(_ENDPOINT_PROPERTY) or "a batch endpoint"
    return (
        f"got no definition (Azure shows none of a job that a batch endpoint made, here deployment {deployment} of "
        f"{endpoint})"
    )


def why_undefined(body: Mapping[str, Any], schedule: Mapping[str, Any] | None) -> str | None:
    """Why a schedule does not say what a job that it made was made of; None when it does.

    Args:
        schedule: The schedule as ARM answers it now, None when it is gone.
    """
    name = schedule_of(body)
    hidden = f"got no definition (Azure shows none of a job that a schedule made, here {name})"
    if schedule is None:
        return f"{hidden}, and the schedule is gone"
    stamped = schedule.get("systemData") or {}
    changed = moment(stamped.get("lastModifiedAt") or stamped.get("createdAt"))
    made = moment((body.get("systemData") or {}).get("createdAt"))
    if changed is None or made is None:
        return f"{hidden}, and Azure does not say when the schedule changed last or when the job was made"
    # Rests on schedule-trigger-is-no-change.
    if changed > made:
        who = stamped.get("lastModifiedBy") or stamped.get("createdBy") or "somebody"
        return f"{hidden}, and {who} changed the schedule at {second(changed)}, after the job was made"
    definition = _definition(schedule)
    if not definition.get("jobs"):
        return f"{hidden}, and the schedule has no pipeline of its own"
    ran = _parameters(body)
    for name, value in (definition.get("inputs") or {}).items():
        if (value or {}).get("jobInputType") != "literal" or name not in ran:
            continue
        wanted = str(value.get("value"))
        if not _MACRO.search(wanted) and ran[name] != wanted:
            return f"{hidden}, and it ran with {name} = {ran[name]!r} where the schedule says {wanted!r}"
    return None


def with_definition(body: Mapping[str, Any], schedule: Mapping[str, Any]) -> dict[str, Any]:
    """A job that a schedule made, completed by what the schedule says; the job's own values come first."""
    definition, ran = _definition(schedule), _parameters(body)
    properties = dict(body["properties"])
    for name in _OF_THE_SCHEDULE:
        if properties.get(name) in (None, {}, ""):
            properties[name] = definition.get(name)
    properties["inputs"] = {
        # What Azure fills in when it fires (`${{name}}`) is in the job's own record alone.
        name: {**value, "value": ran[name]}
        if isinstance(value, Mapping) and name in ran and _MACRO.search(str(value.get("value", "")))
        else value
        for name, value in (properties["inputs"] or {}).items()
    }
    properties["tags"] = {**(definition.get("tags") or {}), **(properties.get("tags") or {})}
    return {**body, "properties": properties}


def _definition(schedule: Mapping[str, Any]) -> Mapping[str, Any]:
    found = ((schedule.get("properties") or {}).get("action") or {}).get("jobDefinition")
    return found if isinstance(found, Mapping) else {}


def _parameters(body: Mapping[str, Any]) -> dict[str, str]:
    """The literal inputs that a job ran with, by its own record: a JSON text among its properties."""
    text = ((body.get("properties") or {}).get("properties") or {}).get(PARAMETERS_PROPERTY)
    try:
        found = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        found = {}
    return {name: str(value) for name, value in found.items()} if isinstance(found, dict) else {}
