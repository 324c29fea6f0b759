"""The folder an emulator lives in: made private, locked while one runs, told where it is reached."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from pathlib import Path
from typing import Any

import psutil

from plumbline.emulator.errors import HomeError
from plumbline.emulator.files import write_private_json


class Home:
    """A locked emulator home. The kernel frees the lock when the process ends, however it ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: int | None = None

    def lock(self) -> None:
        """Makes the folder (0700) and takes its lock.

        Raises: HomeError: when another live emulator has it; says which process.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        for name in ("blobs", "runs"):
            (self.folder / name).mkdir(exist_ok=True, mode=0o700)
        path = self.folder / "lock.json"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise HomeError(
                f"{self.folder}: the home is in use: got {_holder(path)}, expected no other emulator. "
                "Stop that one first, or choose another --home."
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(identity()).encode())
        self._lock = descriptor

    def unlock(self) -> None:
        """Frees the lock and takes away ready.json."""
        self.ready_path.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def ready_path(self) -> Path:
        """Tells clients where the emulator is reached; there only while it is ready."""
        return self.folder / "ready.json"

    def announce(self, content: dict[str, Any]) -> None:
        """Writes ready.json whole (0600: it holds the identity headers)."""
        write_private_json(self.ready_path, identity() | content)

    def bind(self, wanted: int | None) -> socket.socket:
        """A listening-ready socket on 127.0.0.1: the wanted port, else the last one when free, else any.

        Raises: HomeError: when the wanted port is taken.
        """
        memory = self.folder / "port"
        last = int(memory.read_text()) if memory.exists() else 0
        for port in (wanted,) if wanted else (last, 0) if last else (0,):
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError as error:
                listener.close()
                if wanted:
                    raise HomeError(
                        f"127.0.0.1:{wanted}: the port cannot be had: got {error.strerror}, expected it free. "
                        "Choose another --port, or leave it out."
                    ) from error
                continue
            # Taken for good before anyone else can start on it.
            listener.listen(512)
            memory.write_text(str(listener.getsockname()[1]))
            return listener
        raise HomeError("127.0.0.1: no free port. Free one and start again.")


def identity() -> dict[str, Any]:
    """This process as a later reader recognises it: pid and the moment it began (a pid alone may be reused)."""
    return {"pid": os.getpid(), "started_at": psutil.Process().create_time()}


def _holder(path: Path) -> str:
    try:
        return f"process {json.loads(path.read_text())['pid']}"
    except (ValueError, KeyError, OSError):
        return "a process that is just starting"
