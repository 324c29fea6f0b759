"""Messages to the person who runs the engine, shown beside the resource that they are about."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from plumbline.provider.protocol import engine_pb2_grpc

Severity = Literal["info", "warning"]
_log = logging.getLogger(__name__)


class EngineLog:
    """The engine's log; without an engine (attached late, or none) messages go to the plugin's own log."""

    def __init__(self, address: str | None = None) -> None:
        self._stub: engine_pb2_grpc.EngineStub | None = None
        if address:
            self.attach(address)

    def attach(self, address: str) -> None:
        """Talk to the engine at this address from now on."""
        # Imported here: who has no engine needs none of it.
        import grpc

        from plumbline.provider.protocol import engine_pb2_grpc

        self._stub = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(address))

    async def say(self, severity: Severity, urn: str, message: str) -> None:
        """Show one message. A message that cannot be delivered fails nothing."""
        if self._stub is None:
            _log.info("%s: %s", urn, message)
            return
        import grpc

        from plumbline.provider.protocol import engine_pb2

        level = {"info": engine_pb2.INFO, "warning": engine_pb2.WARNING}[severity]
        request = engine_pb2.LogRequest(severity=level, message=message, urn=urn)
        try:
            await self._stub.Log(request, timeout=5)
        except grpc.aio.AioRpcError as error:
            _log.warning("engine took no message (%s): %s", error.code(), message)
