"""The libraries that every request needs, imported by one thread at a time."""

from __future__ import annotations

import threading

_LOCK = threading.Lock()


def import_client_libraries() -> None:
    """Import azure-core, azure-identity and aiohttp whole.

    Call it before a thread imports azure-ai-ml while others read: two threads that import parts of azure-core in
    different orders wait for each other, and Python then hands one of them a module that is not all there
    (`importlib._bootstrap._DeadlockError`, seen on a busy machine with Python 3.11).
    """
    with _LOCK:
        import aiohttp  # noqa: F401
        import azure.core.exceptions
        import azure.core.pipeline.policies
        import azure.core.rest
        import azure.identity  # noqa: F401
        from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport  # noqa: F401
