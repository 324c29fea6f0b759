"""What a job looks like when it is read: what was put, with where it stands and where to look."""

from __future__ import annotations

from typing import Any

from plumbline.emulator.executor.run import Run, time_text
from plumbline.emulator.executor.tracking import tracking_uri
from plumbline.emulator.routing import Call
from plumbline.emulator.services.studio.link import studio_url

JOB_TYPE = "Microsoft.MachineLearningServices/workspaces/jobs"


def job_answer(call: Call, run: Run) -> dict[str, Any]:
    """Return a job, or a step as the command job that it is."""
    body = run.definition
    properties = {
        **{name: value for name, value in body.items() if value is not None},
        "displayName": run.display_name,
        "experimentName": run.experiment,
        "status": run.status,
        "tags": run.tags,
        "properties": run.properties,
        "isArchived": run.archived,
        "inputs": run.inputs,
        "outputs": _outputs(run, body.get("outputs") or {}),
        "services": services(call, run),
    }
    if run.description:
        properties["description"] = run.description
    if run.parent:
        properties["parentJobName"] = run.parent
    return {
        "id": run.id,
        "name": run.name,
        "type": JOB_TYPE,
        "properties": properties,
        "systemData": _system_data(run),
    }


def services(call: Call, run: Run) -> dict[str, Any]:
    """Return where people and MLflow clients look."""
    return {
        "Tracking": {
            "jobServiceType": "Tracking",
            "endpoint": tracking_uri(call.emulator, run.workspace_id),
            "port": None,
        },
        "Studio": {"jobServiceType": "Studio", "endpoint": studio_url(call.emulator, run), "port": None},
    }


def _outputs(run: Run, declared: dict[str, Any]) -> dict[str, Any]:
    found = {name: dict(value or {}) for name, value in declared.items() if isinstance(value, dict | None)}
    for name, output in run.outputs.items():
        known = found.setdefault(name, {"jobOutputType": output["type"]})
        known.setdefault("jobOutputType", output["type"])
        known["mode"] = output.get("mode", "ReadWriteMount")
        known["uri"] = output["uri"]
    return {name: value for name, value in found.items() if "jobOutputType" in value}


def _system_data(run: Run) -> dict[str, Any]:
    submitter = run.submitter
    return {
        "createdAt": time_text(run.created_at),
        "createdBy": submitter.get("name", ""),
        "createdByType": submitter.get("type", "Application"),
    }
