"""Routes of endpoints and their deployments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from plumbline.emulator.routing import Route
from plumbline.emulator.services.machine_learning.asset_place import DATA_PLANE, WORKSPACE_PATH
from plumbline.emulator.services.resource_manager.resource_handlers import routes_of
from plumbline.emulator.services.resource_manager.resource_types import ResourceTypes
from plumbline.emulator.services.serving import batch_job, deployment, key

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_TYPES = ResourceTypes.load(Path(__file__).with_name("types.yaml"))
_WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
_ACTIONS = [
    ("onlineEndpoints", "listKeys", key.list_keys),
    ("onlineEndpoints", "regenerateKeys", key.regenerate_keys),
    ("onlineEndpoints", "token", key.token),
    ("batchEndpoints", "listKeys", key.list_keys),
    ("serverlessEndpoints", "listKeys", key.list_keys),
    ("serverlessEndpoints", "regenerateKeys", key.regenerate_keys),
]


def _action_route(collection: str, name: str, handler: key.Handler) -> Route:
    kind = _TYPES.get(f"{_WORKSPACES}/{collection}")
    assert kind is not None, collection
    return Route(
        method="POST", path=f"{kind.route}/{name}", handler=handler, action=f"{kind.type}/{name}/action"
    )


_BATCH = f"{_WORKSPACES}/batchEndpoints"
_BATCH_PATH = f"{WORKSPACE_PATH}/batchEndpoints/{{endpoint}}"
ROUTES = [
    *routes_of(_TYPES, deployment.HOOKS),
    *(_action_route(*row) for row in _ACTIONS),
    Route(
        method="POST",
        path=f"/endpoints/batch{_BATCH_PATH}/jobs",
        handler=batch_job.invoke,
        audience="inference",
        action=f"{_BATCH}/jobs/write",
        scope=batch_job.endpoint_id,
        logged=False,
    ),
    Route(
        method="GET",
        path=f"{DATA_PLANE}{_BATCH_PATH}/jobs",
        handler=batch_job.list_of_endpoint,
        audience="inference",
        action=f"{_BATCH}/jobs/read",
        scope=batch_job.endpoint_id,
        logged=False,
    ),
    Route(
        method="GET",
        path=f"{DATA_PLANE}{_BATCH_PATH}/deployments/{{deployment}}/jobs",
        handler=batch_job.list_of_deployment,
        audience="inference",
        action=f"{_BATCH}/deployments/jobs/read",
        scope=batch_job.deployment_id,
        logged=False,
    ),
]


def start(emulator: Emulator) -> None:
    """Make the table of renewed keys."""
    key.prepare(emulator.store)
