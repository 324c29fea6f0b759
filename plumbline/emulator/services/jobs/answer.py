"""What a job looks like when it is read: what was put with what Azure fills in, where it stands and where to look."""

from __future__ import annotations

from typing import Any

from plumbline.emulator.executor.run import Run, time_text
from plumbline.emulator.executor.tracking import tracking_uri
from plumbline.emulator.routing import Call
from plumbline.emulator.services.machine_learning.job_form import filled_job, job_forms
from plumbline.emulator.services.studio.link import studio_url

JOB_TYPE = "Microsoft.MachineLearningServices/workspaces/jobs"


def job_answer(call: Call, run: Run) -> dict[str, Any]:
    """Return a job; of a step, or of a nested pipeline, only that it is there.

    Source: recorded GETs of steps, 2023-02-12 and 2023-10-27: azure-ai-ml knows them by their missing properties.
    """
    named: dict[str, Any] = {"id": run.id, "name": run.name, "type": JOB_TYPE}
    if not run.is_below_job:
        named["properties"] = job_members(call, run)
    return {**named, "systemData": _system_data(run)}


def submitted_answer(call: Call, run: Run) -> dict[str, Any]:
    """Return a job as its PUT answers it: of a pipeline the service has written nothing yet."""
    answer = job_answer(call, run)
    if run.kind == "pipeline":
        given = run.definition.get("properties") or {}
        answer["properties"]["properties"] = {key: str(value) for key, value in given.items()}
    return answer


def job_members(call: Call, run: Run) -> dict[str, Any]:
    """Return a job's `properties`."""
    shown = {
        **run.definition,
        "displayName": run.display_name,
        "experimentName": run.experiment,
        "status": run.status,
        "tags": run.tags,
        "properties": run.properties,
        "isArchived": run.archived,
        "services": services(call, run),
    }
    if run.description:
        shown["description"] = run.description
    if run.kind == "command":
        # The log and artifact folder, in the one form of an address that has no `paths/`.
        address = f"azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.{run.name}"
        default = {"jobOutputType": "uri_folder", "uri": address}
        shown["outputs"] = {"default": default, **(run.definition.get("outputs") or {})}
    found = filled_job(call, shown, "job")
    made_by = "scheduled_job" if run.schedule else "batch_job" if run.deployment else ""
    if made_by:
        found |= {row["member"]: None for row in job_forms(call)[made_by]}
    return found


def services(call: Call, run: Run) -> dict[str, Any]:
    """Return where people and MLflow clients look."""
    addresses = {
        "Tracking": tracking_uri(call.emulator, run.workspace_id),
        "Studio": studio_url(call.emulator, run),
    }
    unset = dict.fromkeys(("port", "status", "errorMessage", "properties", "nodes"))
    return {
        name: {"jobServiceType": name, "endpoint": endpoint, **unset} for name, endpoint in addresses.items()
    }


def _system_data(run: Run) -> dict[str, Any]:
    submitter = run.submitter
    return {
        "createdAt": time_text(run.scheduled_at or run.created_at),
        "createdBy": submitter.get("name", ""),
        "createdByType": submitter.get("type", "Application"),
    }
