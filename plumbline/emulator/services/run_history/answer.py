"""A run in run history's schema."""

from __future__ import annotations

import re
from datetime import timedelta
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
    "trial": "azureml.scriptrun",
    "step": "azureml.StepRun",
    "tracking": "MLflow",
}
_DATA_TYPES = ("uri_file", "uri_folder", "mltable")
_OUTPUT_ID = re.compile(r"data/azureml_(?P<run>.+)_output_data_(?P<output>[^/]+)/versions/", re.IGNORECASE)


def run_answer(call: Call, run: Run) -> dict[str, Any]:
    """Return the run without nulls."""
    target = run.compute_id.rsplit("/", 1)[-1]
    user = {
        "userObjectId": run.submitter.get("object_id", ""),
        "userTenantId": run.submitter.get("tenant_id", ""),
        "userName": run.submitter.get("display_name", ""),
    }
    found: dict[str, Any] = {
        "runId": run.name,
        "runUuid": run.name,
        "runNumber": run.sequence,
        "rootRunId": run.root,
        "parentRunId": run.parent or None,
        "experimentId": experiment_id(run.workspace_id, run.experiment),
        "displayName": run.display_name,
        "name": run.display_name,
        "description": run.description or None,
        "status": run.status,
        "runType": _RUN_TYPES[run.kind],
        "hidden": run.hidden,
        "runTypeV2": {
            "orchestrator": "Pipelines" if run.kind in ("pipeline", "step", "group") else "Execution",
            "traits": [],
        },
        "createdUtc": time_text(run.created_at),
        "startTimeUtc": time_text(run.started_at),
        "endTimeUtc": time_text(run.ended_at),
        "createdBy": user,
        "userId": user["userObjectId"],
        "dataContainerId": f"dcid.{run.name}",
        "target": target or None,
        "tags": run.tags,
        "properties": run.properties,
        "error": run.error,
        "warnings": [{"source": "executor", "message": text} for text in run.warnings],
        "services": services(call, run),
        "inputs": {},
        "outputs": outputs_answer(run),
    }
    if run.started_at:
        end = run.ended_at or None
        found["computeDuration"] = found["duration"] = _duration((end or run.started_at) - run.started_at)
    if target:
        found["compute"] = {"target": target, "targetType": "AmlCompute", "instanceCount": 1}
    return {name: value for name, value in found.items() if value is not None}


def details_answer(call: Call, run: Run) -> dict[str, Any]:
    """Return status, error and the addresses of the logs."""
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
        "warnings": [{"source": "executor", "message": text} for text in run.warnings],
        "error": run.error,
        "submittedBy": run.submitter.get("display_name", ""),
    }
    return {name: value for name, value in found.items() if value is not None}


def outputs_answer(run: Run) -> dict[str, Any]:
    """Return the outputs by asset id, which `batchGetResolvedUris` turns into addresses."""
    workspace = run.workspace_id.rsplit("/", 1)[-1]
    # Clients resolve only these types as data; a model output is a folder for them.
    return {
        name: {
            "assetId": f"azureml://locations/local/workspaces/{workspace}/data/azureml_{run.name}_output_data_{name}"
            "/versions/1",
            "type": output["type"] if output["type"] in _DATA_TYPES else "uri_folder",
        }
        for name, output in run.outputs.items()
    }


def output_of(asset_id: str) -> tuple[str, str] | None:
    """Return (run, output) of an id that `outputs_answer` made."""
    match = _OUTPUT_ID.search(asset_id)
    return (match["run"], match["output"]) if match else None


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=seconds)) if seconds >= 0 else "0:00:00"
