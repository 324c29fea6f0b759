"""The model registry as MLflow clients see it: readable for who has rights, shut for steps.

MLflow 3's logged models are not modelled, because Azure's tracking server has no such route.
"""

from __future__ import annotations

from typing import Any

from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.mlflow.access import refuse_steps, workspace_of
from plumbline.emulator.services.mlflow.error import MlflowError
from plumbline.emulator.store import Resource


def refuse_registration(call: Call) -> Reply:
    """Every write to the model registry: for a step a lack of rights, for others not modelled here."""
    refuse_steps(call, "the model registry")
    raise MlflowError(
        "NOT_IMPLEMENTED", "Models are registered through Azure Machine Learning, not through MLflow."
    )


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
    raise MlflowError(
        "RESOURCE_DOES_NOT_EXIST", f"Registered Model with name={call.query.get('name')} not found"
    )


def search_versions(call: Call) -> Reply:
    """GET model-versions/search, filtered by name='...' only."""
    refuse_steps(call, "the model registry")
    wanted = call.query.get("filter", "").replace(" ", "").removeprefix("name=").strip("'\"")
    found = [
        version
        for one in _containers(call)
        if not wanted or one.name == wanted
        for version in _versions(call, one)
    ]
    return Reply(json={"model_versions": found})


def get_version(call: Call) -> Reply:
    """GET model-versions/get."""
    refuse_steps(call, "the model registry")
    for one in _containers(call):
        for version in _versions(call, one) if one.name == call.query.get("name") else []:
            if version["version"] == call.query.get("version"):
                return Reply(json={"model_version": version})
    raise MlflowError(
        "RESOURCE_DOES_NOT_EXIST",
        f"Model Version (name={call.query.get('name')}, version={call.query.get('version')}) not found",
    )


def _containers(call: Call) -> list[Resource]:
    workspace = workspace_of(call)
    return call.emulator.store.list(workspace.id, type=f"{workspace.type}/models")


def _registered(call: Call, container: Resource) -> dict[str, Any]:
    return {"name": container.name, "latest_versions": _versions(call, container)[-1:]}


def _versions(call: Call, container: Resource) -> list[dict[str, Any]]:
    found = []
    for version in call.emulator.store.list(container.id):
        properties = version.body["properties"]
        found.append(
            {
                "name": container.name,
                "version": version.name,
                "source": properties.get("modelUri", ""),
                "status": "READY",
                "run_id": str(properties.get("jobName") or ""),
                "current_stage": properties.get("stage") or "None",
                "tags": [
                    {"key": key, "value": str(value)} for key, value in (properties.get("tags") or {}).items()
                ],
            }
        )
    return found
