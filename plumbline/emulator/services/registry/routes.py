"""Routes of registries: ARM's own, and the data plane that a registry's region serves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.machine_learning.asset import Assets
from plumbline.emulator.services.machine_learning.asset_kind import asset_kind
from plumbline.emulator.services.machine_learning.asset_place import (
    DATA_PLANE,
    REGISTRY,
    REGISTRY_PATH,
    REGISTRY_TYPE,
)
from plumbline.emulator.services.registry import asset_operation, registry, share
from plumbline.emulator.services.registry.seed import seed_public_registry
from plumbline.emulator.services.resource_manager.resource_handlers import routes_of
from plumbline.emulator.services.resource_manager.resource_types import ResourceTypes

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_COLLECTIONS = ("codes", "environments", "components", "data", "models")


def _data_plane(method: str, path: str, handler: Callable[[Call], Reply], action: str) -> Route:
    return Route(
        method=method,
        path=f"{DATA_PLANE}{REGISTRY_PATH}/{path}",
        handler=handler,
        action=f"{REGISTRY_TYPE}/{action}",
        scope=registry.scope,
        logged=False,
        audience="registry",
    )


ROUTES = [
    *routes_of(ResourceTypes.load(Path(__file__).with_name("types.yaml")), {REGISTRY_TYPE: registry.HOOKS}),
    Route(
        method="GET",
        path="/registrymanagement/v1.0/registries/{registry}/discovery",
        handler=registry.discovery,
        audience="registry",
    ),
    _data_plane("POST", "import", share.import_asset, "assets/write"),
    _data_plane(
        "PUT", "tempdatarefs/{name}/versions/{version}", registry.temporary_data_reference, "assets/write"
    ),
    _data_plane("POST", "datarefs/{name}/versions/{version}", registry.data_reference, "assets/read"),
    *(
        route
        for prefix in ("", DATA_PLANE)
        for name in _COLLECTIONS
        for route in Assets(
            kind=asset_kind(name),
            place=REGISTRY,
            prefix=prefix,
            scope=registry.scope,
            accepted=asset_operation.accepted if prefix else None,
        ).routes()
    ),
    *(
        Route(
            method="GET",
            path=f"/{service}/v1.0/operations/{{operation}}",
            handler=asset_operation.status,
            audience="registry",
        )
        for service in ("assetstore", "environment")
    ),
]


def start(emulator: Emulator) -> None:
    """Seed the public registry."""
    seed_public_registry(emulator)
