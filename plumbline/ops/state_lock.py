"""What a killed engine leaves in a file backend: its lock, and creations whose end it never saw.

A dead local process's lock is cleared, anyone else's is named.

Source: pulumi/pkg `backend/diy/lock.go`: `.pulumi/locks/organization/<project>/<stack>/<id>.json`
holds pid, username, hostname and timestamp.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import psutil

from plumbline.ops.errors import UserError


def clear_dead_locks(state: Path, stack: str, say: Callable[[str], None]) -> None:
    """Remove the locks on a stack whose process on this machine has ended.

    Raises: UserError: somebody who is alive, or on another machine, holds the stack.
    """
    for lock in sorted((state / ".pulumi" / "locks").glob(f"*/*/{stack}/*.json")):
        try:
            holder = json.loads(lock.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            continue
        pid, host = int(holder.get("pid", 0)), holder.get("hostname", "")
        who = f"{holder.get('username')}@{host} (pid {pid}) since {holder.get('timestamp')}"
        if host == socket.gethostname() and not _runs_pulumi(pid):
            lock.unlink(missing_ok=True)
            say(f"Stack {stack} was locked by {who}; that process has ended, so its lock was cleared.")
            continue
        raise UserError(
            f"stack {stack}: lock: got one held by {who}, expected none. "
            f"Wait for it to end; if it is gone for good: pulumi cancel -s {stack}"
        )


def has_pending_creates(state: Path, stack: str) -> bool:
    """Whether the state remembers creations that a killed engine never saw the end of.

    Source: pulumi/sdk `apitype.DeploymentV3.pending_operations`.
    """
    for file in (state / ".pulumi" / "stacks").glob(f"*/{stack}.json"):
        latest = json.loads(file.read_text())["checkpoint"].get("latest") or {}
        return any(operation["type"] == "creating" for operation in latest.get("pending_operations") or ())
    return False


def _runs_pulumi(pid: int) -> bool:
    # A pid may have been given to another program since; only an engine holds a stack.
    try:
        process = psutil.Process(pid)
        return "pulumi" in process.name() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
