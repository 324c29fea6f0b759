"""The plugin's process: serves gRPC on loopback, prints its port, ends with its parent."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc

from plumbline.azure_native_plugin.protocol import provider_pb2_grpc
from plumbline.azure_native_plugin.servicer import Servicer

_THREADS = 64
_LOOK_SECONDS = 0.5
_UNLIMITED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


def serve() -> None:
    """Serves until the engine ends it, or is gone."""
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=_UNLIMITED)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    parent = int(os.environ.get("PLUMBLINE_ENGINE_PID") or os.getppid())
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    # The engine ends a plugin with SIGINT, once nothing is under way, and waits five seconds before it kills.
    # Ctrl-C does not come here: the engine keeps plugins in a process group of their own and sends Cancel.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: os._exit(0))
    server.wait_for_termination()


def _end_with_parent(parent: int) -> None:
    """A killed engine leaves its plugins behind; this one notices that it has another parent."""
    while os.getppid() == parent:
        threading.Event().wait(_LOOK_SECONDS)
    os._exit(1)
