"""Rows on the MLflow tracking server."""

from __future__ import annotations

from tests.verify_azure.check import check
from tests.verify_azure.finding import Finding, holds
from tests.verify_azure.runs import Run
from tests.verify_azure.subject import Subject


def _address(azure: Subject, path: str) -> str:
    return f"{azure.part('services')['api'].rstrip('/')}/mlflow/v1.0{azure.part('workspace')}/api/2.0/mlflow/{path}"


@check("mlflow-https-tracking", "run")
def tracking_over_https(azure: Subject) -> Finding:
    run: Run = azure.part("run")
    answer = azure.send("GET", _address(azure, "runs/get"), api=None, run_id=run.steps["write"]["runId"])
    return holds(
        answer.status_code == 200 and "run" in answer.json(),
        f"MLflow's runs/get of a step answered {answer.status_code}.",
    )


@check("mlflow-status-of-jobs", "run")
def status_by_mlflow(azure: Subject) -> Finding:
    run: Run = azure.part("run")
    name = run.steps["write"]["runId"]
    answer = azure.send(
        "POST", _address(azure, "runs/update"), api=None, body={"run_id": name, "status": "FAILED"}
    )
    shown = azure.get(azure.data_plane("history", f"runs/{name}"), api=None)["status"]
    return holds(
        shown == "Completed",
        f"After MLflow's runs/update to FAILED ({answer.status_code}) a completed step shows {shown}.",
    )


@check("mlflow-no-logged-models", "run")
def logged_models(azure: Subject) -> Finding:
    azure.part("run")
    answer = azure.send(
        "POST", _address(azure, "logged-models/search"), api=None, body={"experiment_ids": ["0"]}
    )
    return holds(
        answer.status_code in (400, 404, 501), f"MLflow's logged-models/search answered {answer.status_code}."
    )
