"""Shared memory of a step's own: /dev/shm is no way from one step to another and ends with it."""

from __future__ import annotations

import os
from collections.abc import Iterable

from plumbline.emulator.executor.supervisor import kernel

_FOLDER = "/dev/shm"  # noqa: S108  the kernel's own place


def take_own(size_bytes: int, *, needed: Iterable[str]) -> None:
    """In a mount namespace of one's own: an empty /dev/shm, and System V memory that nobody else sees.

    Args:
        size_bytes: What fits in; half of the machine's memory at most, as everywhere.
        needed: Paths that the process must see. Where one lies in /dev/shm, all of that stays in sight.
    Raises: OSError: it is not allowed.
    Source: Linux man pages unshare(2), tmpfs(5).
    """
    kernel.unshare(kernel.NEW_IPC)
    if any(os.path.realpath(path).startswith(f"{_FOLDER}/") for path in needed):
        raise OSError(0, f"the emulator's home lies in {_FOLDER}")
    size = min(size_bytes, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
    flags = kernel.NO_SUID | kernel.NO_DEVICES
    kernel.mount("tmpfs", _FOLDER, "tmpfs", flags, f"mode=1777,size={size}")
