"""Protects: a plain MLflow client logs and reads runs over HTTPS, inside a step onto the step's own run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.contract.job_platform import JobPlatform, job_platform

STEP = """python - <<'END'
import mlflow, os
run = os.environ["MLFLOW_RUN_ID"]
mlflow.log_param("alpha", 0.5)
for step in range(3):
    mlflow.log_metric("rmse", 3 - step, step=step)
mlflow.log_metrics({"mae": 1.5, "count": 12})
mlflow.set_tag("stage", "evaluated")
mlflow.log_text("hello", "notes/readme.txt")
mlflow.log_dict({"pass": True}, "verdict.json")
assert mlflow.active_run().info.run_id == run
with mlflow.start_run(run_name="child", nested=True):
    mlflow.log_metric("inner", 1)
try:
    mlflow.register_model(f"runs:/{run}/notes", "sneaky")
except Exception as error:
    print("refused:", type(error).__name__, error)
END"""


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


@pytest.fixture
def client(jobs: JobPlatform) -> Iterator[object]:
    from mlflow import MlflowClient

    uri = f"{jobs.emulator.base_url}/mlflow/v1.0{jobs.azure_ml.workspace_id}"
    settings = {
        "MLFLOW_TRACKING_TOKEN": jobs.emulator.token(),
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_TRACKING_SERVER_CERT_PATH": str(jobs.emulator.home / "ca.pem"),
    }
    with patch.dict(os.environ, settings):
        yield MlflowClient(tracking_uri=uri)


def test_a_step_logs_onto_its_own_run_and_may_register_nothing(
    jobs: JobPlatform, client, tmp_path: Path
) -> None:
    jobs.put(
        "environments/tracking/versions/1",
        {
            "image": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04",
            "condaFile": "dependencies:\n- python=3.11\n- pip:\n  - mlflow-skinny==3.17.2\n",
        },
    )
    name, properties = jobs.run(jobs.pipeline({"log": jobs.step(STEP, environment="tracking:1")}))
    assert properties["status"] == "Completed", jobs.error(name)
    run_id = jobs.steps(name)["log"]["runId"]
    log = jobs.log(run_id)
    assert "refused:" in log
    assert "no rights on the model registry" in log

    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"rmse": 1.0, "mae": 1.5, "count": 12.0}
    assert run.data.params == {"alpha": "0.5"}
    assert run.data.tags["stage"] == "evaluated"
    assert [one.value for one in client.get_metric_history(run_id, "rmse")] == [3.0, 2.0, 1.0]
    assert {"verdict.json", "notes"} <= {file.path for file in client.list_artifacts(run_id)}
    path = client.download_artifacts(run_id, "notes/readme.txt", str(tmp_path))
    assert Path(path).read_text() == "hello"
    assert jobs.azure_ml.call("GET", "models/sneaky").status_code == 404
    found = client.search_runs([run.info.experiment_id], "metrics.rmse < 2 and params.alpha = '0.5'")
    assert [one.info.run_id for one in found] == [run_id]


def test_a_client_outside_of_jobs_makes_experiments_and_runs(
    jobs: JobPlatform, client, tmp_path: Path
) -> None:
    experiment = client.create_experiment("by hand")
    assert client.get_experiment_by_name("by hand").experiment_id == experiment
    run = client.create_run(experiment, run_name="trial")
    client.log_metric(run.info.run_id, "score", float("nan"))
    client.log_param(run.info.run_id, "seed", 1)
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="Changing param values is not allowed"):
        client.log_param(run.info.run_id, "seed", 2)
    (tmp_path / "plot.svg").write_text("<svg/>")
    client.log_artifact(run.info.run_id, str(tmp_path / "plot.svg"), "plots")
    # The client's own list of a folder asks for logged models too, which Azure's tracking server does not have.
    listed = jobs.emulator.request(
        "GET",
        f"/mlflow/v1.0{jobs.azure_ml.workspace_id}/api/2.0/mlflow/artifacts/list",
        api_version=None,
        params={"run_id": run.info.run_id, "path": "plots"},
    ).json()
    assert listed["files"] == [{"path": "plots/plot.svg", "is_dir": False, "file_size": 6}]
    client.set_terminated(run.info.run_id, "FAILED")
    kept = client.get_run(run.info.run_id)
    assert (kept.info.status, kept.info.run_name) == ("FAILED", "trial")
    with pytest.raises(MlflowException, match="not found"):
        client.get_run("nosuch")


def test_registered_models_are_azure_mls_and_read_only_here(jobs: JobPlatform, client) -> None:
    jobs.put(
        "models/shown/versions/1",
        {
            "modelType": "custom_model",
            "tags": {"job": "j"},
            "modelUri": "azureml://datastores/workspaceblobstore/paths/m",
        },
    )
    assert [model.name for model in client.search_registered_models()] == ["shown"]
    version = client.get_model_version("shown", "1")
    assert (version.source, version.tags) == ("azureml://datastores/workspaceblobstore/paths/m", {"job": "j"})
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="registered through Azure Machine Learning"):
        client.create_registered_model("other")


def test_who_has_no_rights_in_the_workspace_tracks_nothing(jobs: JobPlatform) -> None:
    path = f"/mlflow/v1.0{jobs.azure_ml.workspace_id}/api/2.0/mlflow/experiments/search"
    assert jobs.emulator.request("GET", path, principal="pipeline", api_version=None).status_code == 403
    assert jobs.emulator.request("GET", path, principal=None, api_version=None).status_code == 401
