"""The last requests, for tests that ask what a client really sent. Bounded, in memory, without any secret.

Where PLUMBLINE_REQUEST_LOG names a folder, each request is also a line of a file there: it survives a kill, and whoever
empties the log in memory does not empty that. The test suite sets it; nothing else does.
"""

from __future__ import annotations

import itertools
import json
import os
from collections import deque
from pathlib import Path
from typing import Any, TextIO

from plumbline.emulator.routing import Call
from plumbline.emulator.store import now_text

_KEPT = 20_000
_SECRET_QUERY = frozenset({"sig", "client_secret", "code"})


class RequestLog:
    """Appends each request; reading answers them oldest first."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._numbers = itertools.count(1)
        folder = os.environ.get("PLUMBLINE_REQUEST_LOG")
        self._file: TextIO | None = None
        if folder:
            path = Path(folder) / f"requests-{os.getpid()}.jsonl"
            self._file = path.open("a", encoding="utf-8", buffering=1)

    def add(self, call: Call, *, status: int, seconds: float) -> None:
        """One request with its answer's status (0: the connection was cut)."""
        entry = {
            "n": next(self._numbers),
            "time": now_text(),
            "method": call.method,
            "path": call.path,
            "query": {key: "..." if key in _SECRET_QUERY else value for key, value in call.query.items()},
            "api_version": call.api_version,
            "status": status,
            "seconds": round(seconds, 6),
            "principal": call.principal.name,
            "run": call.principal.run,
            "user_agent": call.headers.get("user-agent", ""),
            "body_keys": _keys(call),
        }
        self._entries.append(entry)
        if self._file is not None:
            self._file.write(f"{json.dumps(entry)}\n")

    def entries(self) -> list[dict[str, Any]]:
        """All that is kept."""
        return list(self._entries)

    def clear(self) -> None:
        """Forgets the entries; numbers go on."""
        self._entries.clear()


def _keys(call: Call) -> list[str]:
    """Dotted paths of a JSON body's keys, four deep: enough to check fields against published models, no values.

    A list adds no level: its items' keys stand under the list's own.
    """
    if not call.body or "json" not in call.headers.get("content-type", ""):
        return []
    try:
        return sorted(set(_paths(json.loads(call.body), depth=4)))
    except ValueError:
        return []


def _paths(value: Any, *, depth: int) -> list[str]:
    if isinstance(value, list):
        return [path for item in value for path in _paths(item, depth=depth)]
    if not isinstance(value, dict) or depth == 0:
        return []
    found = []
    for key, inner in value.items():
        found.append(key)
        found.extend(f"{key}.{path}" for path in _paths(inner, depth=depth - 1))
    return found
