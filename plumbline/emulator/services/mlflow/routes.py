"""Routes of MLflow's REST API below a workspace's tracking address."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from plumbline.emulator.routing import Call, Route
from plumbline.emulator.services.machine_learning.asset_place import PROVIDER, WORKSPACE, WORKSPACE_PATH
from plumbline.emulator.services.mlflow import artifacts, models, tracking
from plumbline.emulator.services.mlflow.table import TrackingTable

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_ROOT = f"/mlflow/v1.0{WORKSPACE_PATH}/api/2.0"
_RUNS = f"{PROVIDER}/workspaces/experiments/runs"
_MODELS = f"{PROVIDER}/workspaces/models"


def _route(
    method: str, path: str, handler: Callable[[Call], Any], action: str, *, streaming: bool = False
) -> Route:
    return Route(
        method=method,
        path=f"{_ROOT}/{path}",
        handler=handler,
        audience="run",
        action=action,
        scope=WORKSPACE.id,
        logged=False,
        streaming=streaming,
    )


_READ, _WRITE = f"{_RUNS}/read", f"{_RUNS}/write"
_EXPERIMENT_WRITE = f"{PROVIDER}/workspaces/experiments/write"
_REGISTRY_WRITES = (
    ("POST", "registered-models/create"),
    ("PATCH", "registered-models/update"),
    ("POST", "registered-models/rename"),
    ("DELETE", "registered-models/delete"),
    ("POST", "registered-models/set-tag"),
    ("POST", "registered-models/alias"),
    ("POST", "model-versions/create"),
    ("PATCH", "model-versions/update"),
    ("POST", "model-versions/transition-stage"),
    ("DELETE", "model-versions/delete"),
    ("POST", "model-versions/set-tag"),
)

ROUTES = [
    _route("GET", "mlflow/experiments/get", tracking.get_experiment, _READ),
    _route("GET", "mlflow/experiments/get-by-name", tracking.get_experiment_by_name, _READ),
    _route("POST", "mlflow/experiments/create", tracking.create_experiment, _EXPERIMENT_WRITE),
    _route("GET", "mlflow/experiments/search", tracking.search_experiments, _READ),
    _route("POST", "mlflow/experiments/search", tracking.search_experiments, _READ),
    _route("POST", "mlflow/runs/create", tracking.create_run, _WRITE),
    _route("GET", "mlflow/runs/get", tracking.get_run, _READ),
    _route("POST", "mlflow/runs/update", tracking.update_run, _WRITE),
    _route("POST", "mlflow/runs/delete", tracking.delete_run, _WRITE),
    _route("POST", "mlflow/runs/restore", tracking.delete_run, _WRITE),
    _route("POST", "mlflow/runs/search", tracking.search_runs, _READ),
    _route("POST", "mlflow/runs/log-metric", tracking.log_metric, _WRITE),
    _route("POST", "mlflow/runs/log-parameter", tracking.log_parameter, _WRITE),
    _route("POST", "mlflow/runs/log-batch", tracking.log_batch, _WRITE),
    _route("POST", "mlflow/runs/set-tag", tracking.set_tag, _WRITE),
    _route("POST", "mlflow/runs/delete-tag", tracking.delete_tag, _WRITE),
    _route("POST", "mlflow/runs/log-inputs", tracking.accept_inputs, _WRITE),
    _route("POST", "mlflow/runs/outputs", tracking.accept_inputs, _WRITE),
    _route("POST", "mlflow/runs/log-model", tracking.accept_inputs, _WRITE),
    _route("GET", "mlflow/metrics/get-history", tracking.metric_history, _READ),
    _route("GET", "mlflow/artifacts/list", artifacts.list_of_run, _READ),
    _route("GET", "mlflow-artifacts/artifacts", artifacts.list_proxied, _READ),
    _route("GET", "mlflow-artifacts/artifacts/{path:path}", artifacts.get_artifact, _READ),
    _route("PUT", "mlflow-artifacts/artifacts/{path:path}", artifacts.put_artifact, _WRITE, streaming=True),
    _route("DELETE", "mlflow-artifacts/artifacts/{path:path}", artifacts.delete_artifact, _WRITE),
    _route("GET", "mlflow/registered-models/search", models.search_registered_models, f"{_MODELS}/read"),
    _route("GET", "mlflow/registered-models/get", models.get_registered_model, f"{_MODELS}/read"),
    _route("GET", "mlflow/model-versions/search", models.search_versions, f"{_MODELS}/read"),
    _route("GET", "mlflow/model-versions/get", models.get_version, f"{_MODELS}/read"),
    *(
        # learn, "Manage access to Azure Machine Learning workspaces", MLflow operations.
        _route(
            method,
            f"mlflow/{path}",
            models.refuse_registration,
            f"{_MODELS}/{'delete' if method == 'DELETE' else 'write'}",
        )
        for method, path in _REGISTRY_WRITES
    ),
]


def start(emulator: Emulator) -> None:
    """Make the tables."""
    TrackingTable.prepare(emulator.store)
