"""The kernel's calls that make a step's room, by ctypes: namespaces, mounts, capabilities.

Source: Linux man pages unshare(2), setns(2), mount(2), open_tree(2), move_mount(2), mount_setattr(2), prctl(2), capset(2),
namespaces(7), user_namespaces(7), capabilities(7).
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
# The same numbers on every architecture.
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_HERE, _EMPTY_PATH, _CLONE, _FROM_DESCRIPTOR = -100, 0x1000, 1, 4
_READ_ONLY, _NO_SUID, _NO_DEVICES, _MAP_IDS = 0x1, 0x2, 0x4, 0x100000


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


def clone_mount(path: str, *, to: int | None, read_only: bool) -> int:
    """Return a mount of what lies at a path, which nobody sees until it is put somewhere.

    Args:
        to: A user namespace of `id_map`: whose files they are in this mount; None leaves them as they are.
    Raises: OSError: this user may not, or the file system cannot map ids (EINVAL).
    """
    found = _libc().syscall(_OPEN_TREE, _HERE, path.encode(), _CLONE | os.O_CLOEXEC)
    _check(min(found, 0), f"open_tree {path}")
    flags = _NO_SUID | _NO_DEVICES | (_READ_ONLY if read_only else 0) | (0 if to is None else _MAP_IDS)
    wanted = struct.pack("=QQQQ", flags, 0, 0, to or 0)
    try:
        result = _libc().syscall(
            _MOUNT_SETATTR, found, b"", _EMPTY_PATH, wanted, ctypes.c_size_t(len(wanted))
        )
        _check(result, f"mount_setattr {path}")
    except OSError:
        os.close(found)
        raise
    return int(found)


def put_mount(cloned: int, target: str) -> None:
    """Show a mount of `clone_mount` at a path. Raises: OSError."""
    _check(
        _libc().syscall(_MOVE_MOUNT, cloned, b"", _HERE, target.encode(), _FROM_DESCRIPTOR),
        f"move_mount {target}",
    )


def mount_point(path: str, *, folder: bool) -> None:
    """Make a place for a mount, and the folders to it, which everybody may enter. Raises: OSError."""
    before = os.umask(0o022)
    try:
        os.makedirs(path if folder else os.path.dirname(path), exist_ok=True)
        if not folder:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    finally:
        os.umask(before)


def id_map(user: int) -> int:
    """Return a user namespace (a descriptor) in which this user's and group's files are those of another number.

    Raises: OSError: this user may not speak for others, or the number is not among those of this machine.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pid = os.fork()
        if pid == 0:
            try:
                ours.close()
                unshare(NEW_USER)
                # Its number in whatever namespace /proc shows.
                theirs.sendall(os.readlink("/proc/self").encode())
                theirs.recv(1)
            finally:
                os._exit(0)
        theirs.close()
        try:
            shown = ours.recv(32).decode()
            if not shown:
                raise OSError(1, "no user namespaces")
            for name, own in (("uid_map", os.geteuid()), ("gid_map", os.getegid())):
                descriptor = os.open(f"/proc/{shown}/{name}", os.O_WRONLY)
                try:
                    os.write(descriptor, f"{own} {user} 1".encode())
                finally:
                    os.close(descriptor)
            return os.open(f"/proc/{shown}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            ours.close()
            os.waitpid(pid, 0)


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


def drop_capabilities(user: int = 0) -> None:
    """Give up every capability, for programs that are started later too. Raises: OSError.

    Args:
        user: Whose number to take for user and group before; 0 to stay who this is.
    """
    libc = _libc()
    for number in range(64):
        if libc.prctl(_DROP_BOUND, number, 0, 0, 0) != 0:
            break  # EINVAL: behind the kernel's last one; EPERM: this user has none to give up
    libc.prctl(_AMBIENT, _AMBIENT_CLEAR, 0, 0, 0)
    if user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
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
