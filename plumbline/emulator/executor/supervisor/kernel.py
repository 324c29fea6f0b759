"""The kernel's calls that make a step's room, by ctypes: namespaces, mounts, capabilities.

Source: Linux man pages unshare(2), setns(2), mount(2), prctl(2), capset(2), namespaces(7), capabilities(7).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PROCESSES, NEW_NETWORK = (
    0x00020000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
NO_SUID, NO_DEVICES, NO_EXEC, BIND, RECURSIVE, PRIVATE = 1 << 1, 1 << 2, 1 << 3, 1 << 12, 1 << 14, 1 << 18
_SET_DUMPABLE, _DROP_BOUND, _SET_NO_NEW_PRIVS, _AMBIENT, _AMBIENT_CLEAR = 4, 24, 38, 47, 4
_CAPABILITY_VERSION = 0x20080522
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1


def unshare(flags: int) -> None:
    """Leave the given namespaces for new ones. Raises: OSError: the kernel does not allow it."""
    _check(_libc().unshare(flags), "unshare")


def join(pid: int, kind: str) -> None:
    """Enter another process's namespace ("net", "user"). Raises: OSError."""
    descriptor = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_libc().setns(descriptor, 0), f"setns {kind}")
    finally:
        os.close(descriptor)


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """Mount a file system. Raises: OSError."""
    _check(
        _libc().mount(
            source.encode(), target.encode(), kind.encode() if kind else None, ctypes.c_ulong(flags),
            options.encode() if options else None,
        ),
        f"mount {target}",
    )  # fmt: skip


def keep_own_user() -> None:
    """In a new user namespace: this user is who it was before. Raises: OSError."""
    user, group = os.getuid(), os.getgid()
    unshare(NEW_USER)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def raise_loopback() -> None:
    """Switch on `lo` of a new network. Raises: OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(link, _GET_FLAGS, request), 16)
        fcntl.ioctl(link, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags | _UP))


def hide_memory() -> None:
    """Keep processes of the same user from reading this one's memory, environment and files."""
    _libc().prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def drop_capabilities() -> None:
    """Give up every capability, for programs that are started later too. Raises: OSError."""
    libc = _libc()
    for number in range(64):
        if libc.prctl(_DROP_BOUND, number, 0, 0, 0) != 0:
            break  # EINVAL: behind the kernel's last one; EPERM: this user has none to give up
    libc.prctl(_AMBIENT, _AMBIENT_CLEAR, 0, 0, 0)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION, 0), 8)
    nothing = ctypes.create_string_buffer(24)
    _check(libc.capset(header, nothing), "capset")
    _check(libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
