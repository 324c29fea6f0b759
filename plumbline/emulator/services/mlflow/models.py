"""Models as MLflow clients see them: logged models of a run, and the registry, which steps have no rights on."""

from __future__ import annotations

import time
import uuid
from typing import Any

from plumbline.emulator.executor.tracking import experiment_id
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.mlflow.access import refuse_steps, run_of, workspace_of
from plumbline.emulator.services.mlflow.answer import artifact_root
from plumbline.emulator.services.mlflow.error import MlflowError
from plumbline.emulator.services.mlflow.table import TrackingTable
from plumbline.emulator.store import Resource


def create_logged_model(call: Call) -> Reply:
    """POST logged-models: MLflow 3 notes a model that a run saves; it registers nothing."""
    body, workspace = call.json(), workspace_of(call)
    run = run_of(call, body.get("source_run_id"))
    identifier, now = f"m-{uuid.uuid4().hex}", int(time.time() * 1000)
    name = str(body.get("name") or "model")
    info: dict[str, Any] = {
        "model_id": identifier, "experiment_id": experiment_id(workspace.id, run.experiment), "name": name,
        "creation_timestamp_ms": now, "last_updated_timestamp_ms": now, "status": "LOGGED_MODEL_PENDING",
        "artifact_uri": f"mlflow-artifacts:/{artifact_root(run)}/{name}", "source_run_id": run.name,
        "model_type": body.get("model_type") or "", "tags": body.get("tags") or [],
    }
    model = {"info": info, "data": {"params": body.get("params") or [], "metrics": []}}
    TrackingTable(call.emulator.store).put_model(workspace.id.lower(), model, run.name)
    return Reply(json={"model": model})


def search_logged_models(call: Call) -> Reply:
    """POST logged-models/search, by experiments; for a step, those of its own run."""
    wanted, workspace = set(call.json().get("experiment_ids") or []), workspace_of(call)
    found = [model for model in TrackingTable(call.emulator.store).models(workspace.id.lower())
             if model["info"]["experiment_id"] in wanted
             and call.principal.run in (None, model["info"]["source_run_id"])]
    return Reply(json={"models": found})


def get_logged_model(call: Call) -> Reply:
    """GET logged-models/{id}."""
    return Reply(json={"model": _logged_model(call)})


def finish_logged_model(call: Call) -> Reply:
    """PATCH logged-models/{id}."""
    model = _logged_model(call)
    model["info"]["status"] = call.json().get("status") or "LOGGED_MODEL_READY"
    TrackingTable(call.emulator.store).put_model(workspace_of(call).id.lower(), model, model["info"]["source_run_id"])
    return Reply(json={"model": model})


def tag_logged_model(call: Call) -> Reply:
    """PATCH logged-models/{id}/tags and POST logged-models/{id}/params."""
    model, body = _logged_model(call), call.json()
    model["info"]["tags"] += body.get("tags") or []
    model["data"]["params"] += body.get("params") or []
    TrackingTable(call.emulator.store).put_model(workspace_of(call).id.lower(), model, model["info"]["source_run_id"])
    return Reply(json={"model": model})


def _logged_model(call: Call) -> dict[str, Any]:
    found = TrackingTable(call.emulator.store).model(workspace_of(call).id.lower(), call.params["model"])
    if found is None:
        raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"Logged model '{call.params['model']}' not found")
    run_of(call, found[1])
    return found[0]


def refuse_registration(call: Call) -> Reply:
    """Every write to the model registry: for a step a lack of rights, for others not modelled here."""
    refuse_steps(call, "the model registry")
    raise MlflowError("NOT_IMPLEMENTED", "Models are registered through Azure Machine Learning, not through MLflow.")


def search_registered_models(call: Call) -> Reply:
    """GET registered-models/search."""
    refuse_steps(call, "the model registry")
    return Reply(json={"registered_models": [_registered(call, one) for one in _containers(call)]})


def get_registered_model(call: Call) -> Reply:
    """GET registered-models/get."""
    refuse_steps(call, "the model registry")
    for one in _containers(call):
        if one.name == call.query.get("name"):
            return Reply(json={"registered_model": _registered(call, one)})
    raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"Registered Model with name={call.query.get('name')} not found")


def search_versions(call: Call) -> Reply:
    """GET model-versions/search, filtered by name='...' only."""
    refuse_steps(call, "the model registry")
    wanted = call.query.get("filter", "").replace(" ", "").removeprefix("name=").strip("'\"")
    found = [version for one in _containers(call) if not wanted or one.name == wanted for version in _versions(call, one)]
    return Reply(json={"model_versions": found})


def get_version(call: Call) -> Reply:
    """GET model-versions/get."""
    refuse_steps(call, "the model registry")
    for one in _containers(call):
        for version in _versions(call, one) if one.name == call.query.get("name") else []:
            if version["version"] == call.query.get("version"):
                return Reply(json={"model_version": version})
    raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"Model Version (name={call.query.get('name')}, "
                      f"version={call.query.get('version')}) not found")


def _containers(call: Call) -> list[Resource]:
    workspace = workspace_of(call)
    return call.emulator.store.list(workspace.id, type=f"{workspace.type}/models")


def _registered(call: Call, container: Resource) -> dict[str, Any]:
    return {"name": container.name, "latest_versions": _versions(call, container)[-1:]}


def _versions(call: Call, container: Resource) -> list[dict[str, Any]]:
    found = []
    for version in call.emulator.store.list(container.id):
        properties = version.body["properties"]
        found.append({
            "name": container.name, "version": version.name, "source": properties.get("modelUri", ""), "status": "READY",
            "run_id": str(properties.get("jobName") or ""), "current_stage": properties.get("stage") or "None",
            "tags": [{"key": key, "value": str(value)} for key, value in (properties.get("tags") or {}).items()],
        })
    return found
