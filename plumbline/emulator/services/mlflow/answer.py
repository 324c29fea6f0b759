"""Runs and experiments in MLflow's schema."""

from __future__ import annotations

from typing import Any

from plumbline.emulator.executor.run import Run
from plumbline.emulator.executor.tracking import experiment_id
from plumbline.emulator.services.mlflow.table import TrackingTable

_STATUS = {
    "Completed": "FINISHED",
    "Failed": "FAILED",
    "Canceled": "KILLED",
    "NotResponding": "FAILED",
    "NotStarted": "SCHEDULED",
    "Queued": "SCHEDULED",
    "Starting": "SCHEDULED",
    "Preparing": "SCHEDULED",
}
ENDED = {"FINISHED": "Completed", "FAILED": "Failed", "KILLED": "Canceled"}


def artifact_root(run: Run) -> str:
    """Return where the run's artifacts lie below the proxy's root; the name is Azure's."""
    return f"ExperimentRun/dcid.{run.name}"


def run_info(run: Run) -> dict[str, Any]:
    """Return a run's info."""
    found: dict[str, Any] = {
        "run_id": run.name,
        "run_uuid": run.name,
        "run_name": run.display_name,
        "experiment_id": experiment_id(run.workspace_id, run.experiment),
        "user_id": run.submitter.get("display_name", ""),
        "status": _STATUS.get(run.status, "RUNNING"),
        "start_time": int((run.started_at or run.created_at) * 1000),
        "artifact_uri": f"mlflow-artifacts:/{artifact_root(run)}",
        "lifecycle_stage": "deleted" if run.archived else "active",
    }
    if run.ended_at:
        found["end_time"] = int(run.ended_at * 1000)
    return found


def run_answer(table: TrackingTable, run: Run) -> dict[str, Any]:
    """Return a run with what was logged to it."""
    workspace = run.workspace_id.lower()
    tags = {
        **run.tags,
        "mlflow.runName": run.display_name,
        "mlflow.user": run.submitter.get("display_name", ""),
    }
    if run.parent:
        tags.setdefault("mlflow.parentRunId", run.parent)
        tags["mlflow.rootRunId"] = run.root
    return {
        "info": run_info(run),
        "data": {
            "metrics": table.latest(workspace, run.name),
            "params": table.params(workspace, run.name),
            "tags": [{"key": key, "value": value} for key, value in sorted(tags.items())],
        },
        "inputs": {},
    }


def experiment_answer(identifier: str, name: str, created: int) -> dict[str, Any]:
    """Return an experiment."""
    return {
        "experiment_id": identifier,
        "name": name,
        "artifact_location": "mlflow-artifacts:/",
        "creation_time": created,
        "last_update_time": created,
        "lifecycle_stage": "active",
        "tags": [],
    }
