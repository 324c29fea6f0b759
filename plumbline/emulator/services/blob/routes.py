"""Routes of blob storage: /{container}/{blob}, after every other service's paths."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.blob import handlers
from plumbline.emulator.services.blob.blobs import blobs_of

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_CONTAINER = "/{container}"
_BLOB = "/{container}/{blob:path}"


def _route(
    method: str, path: str, handler: Callable[[Call], Awaitable[Reply] | Reply], *, streaming: bool = False
) -> Route:
    # What an operation needs depends on its query, so the handlers ask for it themselves: `action` stays open.
    return Route(
        method=method, path=path, handler=handler, audience="storage", streaming=streaming, logged=False
    )


ROUTES = [
    _route("GET", "/", handlers.list_containers),
    _route("GET", _CONTAINER, handlers.get_container),
    _route("PUT", _CONTAINER, handlers.put_container),
    _route("DELETE", _CONTAINER, handlers.delete_container),
    _route("GET", _BLOB, handlers.get_blob),
    _route("PUT", _BLOB, handlers.put_blob, streaming=True),
    _route("DELETE", _BLOB, handlers.delete_blob),
]


def start(emulator: Emulator) -> None:
    """Make the tables; clear away files that a kill or a deletion left behind."""
    blobs_of(emulator).sweep()
