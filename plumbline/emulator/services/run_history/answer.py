"""A run in run history's schema.

Source: recorded run history of azure-ai-ml's tests, January 2023 to March 2026 (tests/recorded/rows/run_history.yaml).
"""

from __future__ import annotations

import uuid
from typing import Any

from plumbline.emulator.executor.run import Run, time_text
from plumbline.emulator.executor.tracking import experiment_id
from plumbline.emulator.routing import Call
from plumbline.emulator.services.jobs.answer import services
from plumbline.emulator.services.studio.link import log_url

_RUN_TYPES = {
    "pipeline": "azureml.PipelineRun",
    "group": "azureml.PipelineRun",
    "command": "azureml.scriptrun",
    "sweep": "azureml.HyperDriveRun",
    "sweep_step": "azureml.StepRun",
    "trial": "azureml.scriptrun",
    "step": "azureml.StepRun",
    "tracking": "MLflow",
}
_STEP_TRAITS = (
    "azureml.StepRun",
    "scriptRun",
    "remote",
    "AlmostCommonRuntime",
    "OsType:Linux",
    "CommonRuntime",
)
_QUEUED = {"code": "Scheduling", "message": "The run waits for its nodes."}


def run_answer(call: Call, run: Run) -> dict[str, Any]:
    """Return the run; what it has nothing of is null."""
    reused = run.properties.get("azureml.isreused") == "true"
    target = run.compute_id.rsplit("/", 1)[-1] or None
    found: dict[str, Any] = {
        "runId": run.name,
        "runUuid": _uuid(run, run.name),
        "runNumber": int(run.scheduled_at or run.created_at),
        "rootRunId": run.root,
        "rootRunUuid": _uuid(run, run.root),
        "parentRunId": run.parent or None,
        "parentRunUuid": _uuid(run, run.parent) if run.parent else None,
        "experimentId": experiment_id(run.workspace_id, run.experiment),
        "displayName": run.display_name,
        "name": _name(run),
        "description": run.description or None,
        "status": run.status,
        "runType": _RUN_TYPES[run.kind],
        "runTypeV2": _type(run, reused=reused),
        "hidden": run.hidden,
        "createdUtc": time_text(run.scheduled_at or run.created_at),
        "startTimeUtc": time_text(run.started_at),
        "endTimeUtc": time_text(run.ended_at),
        "lastModifiedUtc": time_text(run.ended_at or run.started_at or run.scheduled_at or run.created_at),
        "createdBy": _user(run),
        "lastModifiedBy": _user(run),
        "userId": run.submitter.get("object_id", ""),
        "dataContainerId": f"dcid.{run.properties['azureml.reusedrunid'] if reused else run.name}",
        "target": target,
        "tags": _tags(run),
        "properties": run.properties,
        "parameters": {},
        "error": _error(run),
        "warnings": _warnings(run),
        "services": {} if run.is_below_job else services(call, run),
        "settings": {},
        "duration": None,
        "computeDuration": None,
        "compute": _compute(run, target, reused=reused),
        "computeRequest": None,
        "queueingInfo": _QUEUED if run.status == "Queued" else None,
        "inputDatasets": [],
        "outputDatasets": [],
        "inputs": None,
        "outputs": None,
    }
    if run.started_at:
        found["computeDuration"] = found["duration"] = _duration(
            (run.ended_at or run.started_at) - run.started_at
        )
    return found


def details_answer(call: Call, run: Run) -> dict[str, Any]:
    """Return status, error and the addresses of the logs. No recording shows this one: azure-ai-ml's model does."""
    found = {
        "runId": run.name,
        "target": run.compute_id.rsplit("/", 1)[-1],
        "status": run.status,
        "startTimeUtc": time_text(run.started_at),
        "endTimeUtc": time_text(run.ended_at),
        "properties": run.properties,
        "inputDatasets": [],
        "outputDatasets": [],
        "runDefinition": {},
        "logFiles": {path: log_url(call.emulator, run, path) for path in run.logs},
        "warnings": _warnings(run),
        "error": _error(run),
        "submittedBy": run.submitter.get("display_name", ""),
    }
    return {name: value for name, value in found.items() if value is not None}


def _name(run: Run) -> str | None:
    """A step is called as its component is, a job nothing; what they are called in the graph is the display name."""
    if run.is_below_job:
        return run.properties.get("azureml.moduleName")
    return None if run.kind == "pipeline" else run.display_name


def _type(run: Run, *, reused: bool) -> dict[str, Any]:
    if run.kind == "pipeline":
        return {"orchestrator": "Pipeline", "traits": [], "attribution": None, "computeType": None}
    if run.kind != "step":
        return {"orchestrator": "Execution", "traits": [], "attribution": None, "computeType": None}
    if reused:
        return {
            "orchestrator": None,
            "traits": ["azureml.StepRun"],
            "attribution": None,
            "computeType": None,
        }
    traits = list(_STEP_TRAITS)
    return {
        "orchestrator": "Execution",
        "traits": traits,
        "attribution": "Aether",
        "computeType": "AmlcTrain",
    }


def _tags(run: Run) -> dict[str, str]:
    if not run.is_below_job:
        return run.tags
    own = {name: run.properties.get(name, "") for name in ("azureml.nodeid", "azureml.pipeline")}
    return {**own, **run.tags}


def _error(run: Run) -> dict[str, Any] | None:
    """A step's message begins with a new line; what is not known of an error is null."""
    if run.error is None:
        return None
    inner = run.error["error"]
    message = str(inner.get("message") or "")
    unknown = dict.fromkeys(
        ("severity", "messageFormat", "referenceCode", "detailsUri", "target", "innerError", "debugInfo", "additionalInfo")
    )  # fmt: skip
    return {
        "error": {
            **unknown,
            "messageParameters": {},
            "details": [],
            **inner,
            "message": f"\n{message}" if run.kind == "step" else message,
        },
        "correlation": None,
        "environment": None,
        "location": None,
        "time": "0001-01-01T00:00:00+00:00",
        "componentName": "CommonRuntime",
    }


def _warnings(run: Run) -> list[dict[str, str]] | None:
    return [{"source": "executor", "message": text} for text in run.warnings] or None


def _compute(run: Run, target: str | None, *, reused: bool) -> dict[str, Any] | None:
    if target is None or reused:
        return None
    unknown = dict.fromkeys(("vmSize", "instanceType", "priority", "region", "armId", "properties"))
    count = int((run.definition.get("resources") or {}).get("instanceCount") or 1)
    return {"target": target, "targetType": "amlcompute", "instanceCount": count, "gpuCount": 0, **unknown}


def _user(run: Run) -> dict[str, Any]:
    return {
        "userObjectId": run.submitter.get("object_id", ""),
        "userTenantId": run.submitter.get("tenant_id", ""),
        "userName": run.submitter.get("display_name", ""),
        "upn": None,
    }


def _uuid(run: Run, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{run.workspace_id.lower()}/runs/{name}"))


def _duration(seconds: float) -> str:
    """Write a duration as .NET does: 00:00:11.4005940."""
    ticks = max(round(seconds * 1e7), 0)
    whole, part = divmod(ticks, 10_000_000)
    text = f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{text}.{part:07}" if part else text
