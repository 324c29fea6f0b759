"""The tree of processes below this one: how many there are, and how all of them end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every process that its own parent leaves behind (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(root: int) -> list[int]:
    """Return the process ids below root, parents before children, without root; ended ones that nobody reaped count."""
    parents = _parents_linux() if sys.platform == "linux" else _parents_posix()
    children: dict[int, list[int]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _parents_linux() -> dict[int, int]:
    parents: dict[int, int] = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            text = Path(entry.path, "stat").read_bytes()
            parents[int(entry.name)] = int(text[text.rindex(b")") + 2 :].split(None, 2)[1])
    return parents


def _parents_posix() -> dict[int, int]:
    listing = subprocess.run(
        ["/bin/ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=False
    ).stdout
    rows = (line.split() for line in listing.splitlines())
    return {int(row[0]): int(row[1]) for row in rows if len(row) == 2}


def reap() -> dict[int, int]:
    """Collect what has ended: process id to wait status."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended[pid] = status


def any_left() -> bool:
    """Say whether this process has children, adopted ones and unreaped ones included."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def end_all(
    *, grace_seconds: float, deadline_seconds: float = 4.0, kill_group: Callable[[], None] | None = None
) -> dict[int, int]:
    """End every process below this one and return the wait statuses collected.

    They are asked first (SIGTERM) when a grace is given. Then all are stopped before any is killed, so that a
    program that forks without end cannot outrun the killing.
    """
    statuses: dict[int, int] = {}
    own = os.getpid()
    if grace_seconds > 0:
        _signal(descendants(own), signal.SIGTERM)
        _signal(descendants(own), signal.SIGCONT)
        until = time.monotonic() + grace_seconds
        while time.monotonic() < until and descendants(own):
            statuses.update(reap())
            time.sleep(0.02)
    if kill_group:
        kill_group()
    until = time.monotonic() + deadline_seconds
    while time.monotonic() < until:
        _stop_until_stable(own)
        _signal(descendants(own), signal.SIGKILL)
        statuses.update(reap())
        if not any_left():
            break
        time.sleep(0.005)
    return statuses


def _stop_until_stable(own: int) -> None:
    seen: set[int] = set()
    for _ in range(20):
        current = set(descendants(own))
        fresh = current - seen
        if not fresh:
            return
        _signal(list(fresh), signal.SIGSTOP)
        seen |= current


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
