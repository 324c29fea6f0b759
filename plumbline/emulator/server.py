"""Runs one emulator process: locks its home, binds its port, serves over TLS, tells when it is ready."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import uvicorn

from plumbline.emulator.app import Application, Emulator
from plumbline.emulator.certificates import ensure_certificates
from plumbline.emulator.home import Home
from plumbline.emulator.settings import Settings

_MEGABYTE = 1024 * 1024


class _Server(uvicorn.Server):
    """Uvicorn that announces readiness once it listens."""

    def __init__(self, config: uvicorn.Config, emulator: Emulator, home: Home) -> None:
        super().__init__(config)
        self._emulator = emulator
        self._home = home

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a stop that was asked for ends with exit code 0 instead of raising the signal again."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._emulator.start()
        self._home.announce(ready_content(self._emulator))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._home.ready_path.unlink(missing_ok=True)
        # A polite TLS close waits for clients that keep idle connections and never read: seconds for nothing.
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            if cycle is None or cycle.response_complete:
                connection.transport.abort()
        await super().shutdown(sockets)
        self._emulator.stop()


def ready_content(emulator: Emulator) -> dict[str, Any]:
    """What ready.json says beside the process: where and who."""
    settings = emulator.settings
    return {
        "base_url": settings.base_url,
        "port": settings.port,
        "cloud": settings.cloud,
        "stack": settings.stack,
        "also_stacks": list(settings.also_stacks),
        "tenant_id": settings.tenant_id,
        "subscription_id": settings.subscription_id,
        "other_subscriptions": dict(settings.other_subscriptions),
        "location": settings.location,
        "ca_path": str(settings.ca_path),
        "principals": emulator.principals.public(),
    }


def serve(
    *,
    folder: Path,
    stack: str,
    cloud: str,
    tenant_id: str,
    subscription_id: str,
    location: str,
    port: int | None,
    azure_noise: bool,
    also_stacks: tuple[str, ...] = (),
    other_subscriptions: Mapping[str, str] | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT.

    Raises: HomeError: when the home is in use or the port is taken.
    """
    home = Home(folder.absolute())
    home.lock()
    try:
        _log_to(home.folder / "emulator.log")
        chain, key = ensure_certificates(home.folder)
        listener = home.bind(port)
        settings = Settings(
            home=home.folder, stack=stack, cloud=cloud, tenant_id=tenant_id, subscription_id=subscription_id,
            location=location, port=listener.getsockname()[1], azure_noise=azure_noise,
            also_stacks=also_stacks, other_subscriptions=other_subscriptions or {},
        )  # fmt: skip
        emulator = Emulator(settings)
        config = uvicorn.Config(
            Application(emulator), ssl_certfile=str(chain), ssl_keyfile=str(key), access_log=False, log_config=None,
            server_header=False, date_header=False, lifespan="off", timeout_keep_alive=75, backlog=512,
            timeout_graceful_shutdown=3, ws="none",
        )  # fmt: skip
        server = _Server(config, emulator, home)
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(server.serve(sockets=[listener]))
    finally:
        home.unlock()


def _log_to(path: Path) -> None:
    path.touch(mode=0o600, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=10 * _MEGABYTE, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("uvicorn.access").disabled = True
