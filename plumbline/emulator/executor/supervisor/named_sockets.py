"""Sockets that have a name in the file system: Landlock does not keep a step from them, and no network namespace does.

A container service's or a login agent's socket would give a step what its user may.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from plumbline.emulator.executor.supervisor import kernel

_FOLDER = "/run"
# What a resolver reads there.
_KEPT = ("/run/systemd/resolve",)


def listed() -> list[str]:
    """Names of the sockets of this network that exist. Source: Linux man page proc_pid_net(5), /proc/net/unix."""
    found = set()
    for line in Path("/proc/net/unix").read_text(encoding="utf-8", errors="surrogateescape").splitlines()[1:]:
        name = line.split(" ", 7)[-1].partition("/")[2] if " /" in line else ""
        if name and _is_socket(path := os.path.realpath(f"/{name}")):
            found.add(path)
    return sorted(found)


def hide(names: Iterable[str], *, needed: Sequence[str]) -> None:
    """In a mount namespace of one's own: an empty /run but for what is needed of it, and nothing behind other names.

    What somebody makes outside of /run after that can be reached.

    Args:
        names: From `listed`, asked before the network was left.
        needed: Paths that the process must see.
    Raises: OSError: it is not allowed.
    """
    kept = sorted(
        {real for path in (*needed, *_KEPT) if (real := os.path.realpath(path)).startswith(f"{_FOLDER}/")}
    )
    with contextlib.ExitStack() as closing:
        held = {}
        for path in kept:
            with contextlib.suppress(FileNotFoundError):
                held[path] = os.open(path, os.O_PATH | os.O_CLOEXEC)
                closing.callback(os.close, held[path])
        if os.path.isdir(_FOLDER):
            flags = kernel.NO_SUID | kernel.NO_DEVICES
            kernel.mount("tmpfs", _FOLDER, "tmpfs", flags, "mode=755,size=1m")
        for path, descriptor in held.items():
            kernel.mount_point(path, folder=stat.S_ISDIR(os.fstat(descriptor).st_mode))
            kernel.mount(f"/proc/self/fd/{descriptor}", path, None, kernel.BIND | kernel.RECURSIVE)
    for path in names:
        if _is_socket(path):
            kernel.mount(os.devnull, path, None, kernel.BIND)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False
