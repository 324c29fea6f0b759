"""Routes of connections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.resource_manager import checks
from plumbline.emulator.services.resource_manager.resource_handlers import Hooks, ResourceHandlers
from plumbline.emulator.services.resource_manager.resource_types import ResourceTypes
from plumbline.emulator.store import Resource

_KIND = next(iter(ResourceTypes.load(Path(__file__).with_name("types.yaml"))))


def _presented(call: Call, resource: Resource, shown: dict[str, Any]) -> dict[str, Any]:
    owner = resource.id.rsplit("/", 2)[0]
    properties = {**shown["properties"], "credentials": None, "createdByWorkspaceArmId": owner}
    return {"tags": None, "location": None, **shown, "properties": properties}


class ConnectionHandlers(ResourceHandlers):
    """Those of the table, and the answers that only connections give."""

    def get(self, call: Call) -> Reply:
        """One connection, without its credentials. Raises: AzureError: 404 UserError, as recorded."""
        checks.check_api_version(call, self.kind)
        return Reply(json=self.answer(call, _connection(call, call.path)))

    def list_secrets(self, call: Call) -> Reply:
        """POST listsecrets: the connection with its credentials."""
        checks.check_api_version(call, self.kind)
        found = _connection(call, call.path.rstrip("/").rsplit("/", 1)[0])
        shown = self.answer(call, found)
        shown["properties"]["credentials"] = found.body["properties"].get("credentials")
        return Reply(json=shown)


def _connection(call: Call, resource_id: str) -> Resource:
    checks.require_group(call)
    found = call.emulator.store.get(resource_id)
    if found is None:
        raise AzureError(
            404, "UserError", f"Connection {call.params['name']} can't be found in this workspace"
        )
    return found


_HANDLERS = ConnectionHandlers(_KIND, Hooks(presented=_presented))
_PATH = _KIND.route
ROUTES = [
    Route(method="GET", path=_PATH, handler=_HANDLERS.get, action=f"{_KIND.type}/read"),
    Route(method="PUT", path=_PATH, handler=_HANDLERS.put, action=f"{_KIND.type}/write"),
    Route(method="DELETE", path=_PATH, handler=_HANDLERS.delete, action=f"{_KIND.type}/delete"),
    Route(method="GET", path=_PATH.rsplit("/", 1)[0], handler=_HANDLERS.list, action=f"{_KIND.type}/read"),
    Route(
        method="POST",
        path=f"{_PATH}/listsecrets",
        handler=_HANDLERS.list_secrets,
        action=f"{_KIND.type}/listsecrets/action",
    ),
]
