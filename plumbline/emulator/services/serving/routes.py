"""Routes of endpoints and their deployments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from plumbline.emulator.routing import Route
from plumbline.emulator.services.resource_manager.resource_handlers import routes_of
from plumbline.emulator.services.resource_manager.resource_types import ResourceTypes
from plumbline.emulator.services.serving import deployment, key

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


ROUTES = [
    *routes_of(_TYPES, deployment.HOOKS),
    *(_action_route(*row) for row in _ACTIONS),
]


def start(emulator: Emulator) -> None:
    """Make the table of renewed keys."""
    key.prepare(emulator.store)
