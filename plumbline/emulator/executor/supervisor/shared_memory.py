"""Shared memory of a step's own: /dev/shm and System V memory are no way from one step to another and end with it."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable

_FOLDER = "/dev/shm"  # noqa: S108  the kernel's own place
_CLONE_NEWNS, _CLONE_NEWIPC = 0x00020000, 0x08000000
_MS_NOSUID, _MS_NODEV, _MS_REC, _MS_PRIVATE = 1 << 1, 1 << 2, 1 << 14, 1 << 18


def take_own(size_bytes: int, *, needed: Iterable[str]) -> bool:
    """Put this process and its children into namespaces with an empty /dev/shm; say whether that was allowed.

    Only root may, or whoever has CAP_SYS_ADMIN; everybody else's steps share the machine's (README, "Limits"). A
    user namespace would allow it to more, but hides the owners of files: ssh, for one, refuses to start in it then.

    Args:
        size_bytes: What fits in; half of the machine's memory at most, as everywhere.
        needed: Paths that the process must see. Where one lies in /dev/shm, all of that stays in sight.
    Source: Linux man pages unshare(2), mount_namespaces(7), tmpfs(5).
    """
    if sys.platform != "linux" or any(os.path.realpath(path).startswith(f"{_FOLDER}/") for path in needed):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS | _CLONE_NEWIPC) != 0:
        return False
    # Else the mount would show outside as well.
    if libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None) != 0:
        return False
    size = min(size_bytes, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
    options = b"mode=1777,size=%d" % size
    flags = ctypes.c_ulong(_MS_NOSUID | _MS_NODEV)
    return bool(libc.mount(b"tmpfs", _FOLDER.encode(), b"tmpfs", flags, options) == 0)
