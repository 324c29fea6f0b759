"""Routes of the Azure Machine Learning control plane, without jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.machine_learning import (
    code_hash,
    compute,
    compute_instance,
    datastore,
    mfe_operation,
    quota,
    schedule,
    workspace,
    workspace_action,
)
from plumbline.emulator.services.machine_learning.asset import Assets
from plumbline.emulator.services.machine_learning.asset_kind import asset_kind, collections
from plumbline.emulator.services.machine_learning.asset_place import (
    PROVIDER,
    WORKSPACE,
    WORKSPACE_PATH,
    WORKSPACE_TYPE,
)
from plumbline.emulator.services.machine_learning.code_upload import start_pending_upload
from plumbline.emulator.services.resource_manager.resource_handlers import ResourceHandlers
from plumbline.emulator.services.resource_manager.resource_types import ResourceType, ResourceTypes

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_TYPES = ResourceTypes.load(Path(__file__).with_name("types.yaml"))
_LOCATION = f"/subscriptions/{{subscription}}/providers/{PROVIDER}/locations/{{location}}"


def _kind(type_name: str) -> ResourceType:
    found = _TYPES.get(type_name)
    assert found is not None, type_name
    return found


def _resource_routes(handlers: ResourceHandlers) -> list[Route]:
    kind = handlers.kind
    rows: list[tuple[str, str, Callable[[Call], Reply], str]] = [
        ("GET", kind.route, handlers.get, "read"),
        ("PUT", kind.route, handlers.put, "write"),
        ("PATCH", kind.route, handlers.patch, "write"),
        ("DELETE", kind.route, handlers.delete, "delete"),
        ("GET", kind.collection, handlers.list, "read"),
    ]
    if not kind.nested:
        rows.append(("GET", f"/subscriptions/{{subscription}}/providers/{kind.type}", handlers.list, "read"))
    return [
        Route(method=method, path=path, handler=handler, action=f"{kind.type}/{verb}")
        for method, path, handler, verb in rows
    ]


def _action(path: str, handler: Callable[[Call], Reply], action: str, *, logged: bool = True) -> Route:
    return Route(
        method="POST", path=path, handler=handler, action=f"{PROVIDER}/workspaces/{action}", logged=logged
    )


def _location(name: str, handler: Callable[[Call], Reply]) -> Route:
    return Route(
        method="GET",
        path=f"{_LOCATION}/{name}",
        handler=handler,
        action=f"{PROVIDER}/locations/{name.lower()}/read",
    )


_COMPUTE, _DATASTORE, _SCHEDULE = (
    _kind(f"{WORKSPACE_TYPE}/{name}") for name in ("computes", "datastores", "schedules")
)

ROUTES = [
    *_resource_routes(workspace.WorkspaceHandlers(_kind(WORKSPACE_TYPE))),
    *_resource_routes(compute.ComputeHandlers(_COMPUTE)),
    *_resource_routes(datastore.DatastoreHandlers(_DATASTORE)),
    *_resource_routes(schedule.ScheduleHandlers(_SCHEDULE)),
    _action(f"{_COMPUTE.route}/listNodes", compute.list_nodes, "computes/listNodes/action", logged=False),
    *(
        _action(f"{_COMPUTE.route}/{name}", compute_instance.action(name), f"computes/{name}/action")
        for name in ("start", "stop", "restart")
    ),
    _action(f"{_DATASTORE.route}/listSecrets", datastore.list_secrets, "datastores/listSecrets/action"),
    _action(f"{_SCHEDULE.route}/trigger", schedule.trigger, "schedules/write"),
    _action(
        f"{WORKSPACE_PATH}/codes/{{name}}/versions/{{version}}/startPendingUpload",
        start_pending_upload,
        "codes/versions/write",
        logged=False,
    ),
    *(route for name in collections() for route in Assets(kind=asset_kind(name), place=WORKSPACE).routes()),
    _action(f"{WORKSPACE_PATH}/listKeys", workspace_action.list_keys, "listKeys/action"),
    _action(f"{WORKSPACE_PATH}/resyncKeys", workspace_action.resync_keys, "resyncKeys/action"),
    _action(f"{WORKSPACE_PATH}/diagnose", workspace_action.diagnose, "diagnose/action"),
    Route(method="GET", path="/discovery", handler=workspace.discovery, audience="none"),
    _location("usages", quota.list_usages),
    _location("vmSizes", quota.list_vm_sizes),
    _location("quotas", quota.list_quotas),
    # Whoever was given the address may follow it, as with ARM's own operations.
    Route(
        method="GET",
        path=f"{_LOCATION}/mfeOperationsStatus/{{operation}}",
        handler=mfe_operation.read_status,
    ),
    Route(
        method="GET",
        path=f"{_LOCATION}/mfeOperationResults/{{operation}}",
        handler=mfe_operation.read_result,
    ),
]


def start(emulator: Emulator) -> None:
    """Make the tables."""
    workspace.prepare(emulator.store)
    datastore.prepare(emulator.store)
    mfe_operation.prepare(emulator.store)
    code_hash.prepare(emulator.store)
