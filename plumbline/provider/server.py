"""The plugin process: a gRPC server on loopback that says its port and ends with its engine."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc.aio

from plumbline import __version__
from plumbline.provider.engine_log import EngineLog
from plumbline.provider.protocol import provider_pb2_grpc
from plumbline.provider.registry import Registry
from plumbline.provider.servicer import Servicer

WORKERS = 64  # uploads and writes block a thread each; `--parallel 64` is what a large stack is run with
_MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit
_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_TO_FINISH = 60


def main(argv: Sequence[str]) -> int:
    """Serve until the engine ends.

    Args:
        argv: Arguments after the program's name. The first that is no option is the engine's address; without
            one, the engine attaches later (PULUMI_DEBUG_PROVIDERS=plumbline:PORT).
    Returns: exit code.
    """
    # What an import makes stays: looking for garbage in it as often as by default is a quarter of azure-ai-ml's import.
    gc.set_threshold(100_000)
    port_stream = _keep_stdout_for_the_port()
    _log_to_file()
    _end_with_the_engine()
    address = next((argument for argument in argv if not argument.startswith("-")), None)
    asyncio.run(_serve(address, port_stream))
    return 0


async def _serve(address: str | None, port_stream: int) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="write"))
    engine_log = EngineLog(address)
    registry = Registry(engine_log=engine_log)
    servicer = Servicer(version=__version__, registry=registry, engine_log=engine_log)
    options = [
        ("grpc.max_receive_message_length", _MESSAGE_BYTES),
        ("grpc.max_send_message_length", _MESSAGE_BYTES),
    ]
    server = grpc.aio.server(options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    os.write(port_stream, f"{port}\n".encode())
    # The engine interrupts its plugins when it is done. What is under way then is finished first: a write that
    # nobody waits for would be a version that no state knows.
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    await server.stop(grace=_SECONDS_TO_FINISH)
    await registry.close()
    # Taking azure.ai.ml apart takes a second that the engine does not have.
    os._exit(0)


def _keep_stdout_for_the_port() -> int:
    # Libraries print progress; the engine would take it for the port or show it as the resource's own output.
    kept = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return kept


def _log_to_file() -> None:
    # A plugin's stderr is shown to the user line by line: libraries' warnings must not get there.
    path = os.environ.get("PLUMBLINE_PROVIDER_LOG")
    handler: logging.Handler = logging.FileHandler(path) if path else logging.NullHandler()
    logging.basicConfig(
        level=logging.INFO,
        handlers=[handler],
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        force=True,
    )
    # azure-core logs urls (a SAS is one) and headers at this level.
    logging.getLogger("azure").setLevel(logging.ERROR)
    logging.captureWarnings(capture=True)


def _end_with_the_engine() -> None:
    engine = int(os.environ.get("PLUMBLINE_ENGINE_PID", "0"))
    if not engine:
        return

    def watch() -> None:
        # An engine that is killed leaves its plugins behind; they would hold files and, mid-write, go on writing.
        while os.getppid() == engine:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        os._exit(0)

    threading.Thread(target=watch, name="engine-watch", daemon=True).start()
