"""Landlock by ctypes: a step reads and writes the paths it was granted, and no others.

Source: Linux Documentation/userspace-api/landlock.rst; the system call numbers are the same on every architecture.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _RULE_PATH_BENEATH = 1, 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_FIRST_ABI_RIGHTS = (1 << 13) - 1
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_SCOPE_SIGNAL = 1 << 1

# From this version on the kernel keeps a step from emptying files that it may not write.
HOLDS_TRUNCATE = 3
READ = _EXECUTE | _READ_FILE | _READ_DIR
# What the kernel accepts for a path that is no folder.
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV


def abi() -> int:
    """Return the kernel's Landlock version, 0 where there is none (another system, old or switched off)."""
    if sys.platform != "linux":
        return 0
    version = _libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    return max(int(version), 0)


def weakness(version: int) -> str:
    """Say in words what a step can do in spite of Landlock of this version; empty when its files are safe."""
    if version == 0:
        return "this kernel has no Landlock: steps are not held to their own files"
    if version < HOLDS_TRUNCATE:
        return (
            f"this kernel's Landlock is version {version} and not {HOLDS_TRUNCATE} or newer: a step could empty any "
            "file whose path it knows; inputs are copied for it"
        )
    return ""


def restrict(readable: Sequence[str], writable: Sequence[str], *, private: str = "") -> None:
    """Bind this process and all its children to the granted paths; there is no way back.

    Paths that do not exist are left out. Signals to processes outside are refused where the kernel can (version 6).

    Args:
        readable: Files and folders to read and execute from.
        writable: Files and folders to do anything in.
        private: A folder that stays shut though it lies below a granted one; grants inside of it hold.
    Raises: OSError: the kernel refused a rule.
    """
    version = abi()
    handled = _FIRST_ABI_RIGHTS
    if version >= 2:
        handled |= _REFER
    if version >= 3:
        handled |= _TRUNCATE
    if version >= 5:
        handled |= _IOCTL_DEV
    attributes = struct.pack("=Q", handled)
    if version >= 4:
        attributes += struct.pack("=Q", 0)  # the network is left alone
    if version >= 6:
        attributes += struct.pack("=Q", _SCOPE_SIGNAL)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    ruleset = _call(_CREATE_RULESET, buffer, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    try:
        for path in open_paths(readable, private):
            _grant(ruleset, path, READ & handled)
        for path in open_paths(writable, private):
            _grant(ruleset, path, handled)
        if _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
        _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def open_paths(granted: Sequence[str], private: str) -> Iterator[str]:
    """Return what to grant instead of some paths, so that a private folder below one of them stays shut.

    No rule takes a grant back: a path that leads to the private folder gives way to what lies in it, except the
    branch that leads there, and so on down. Such a folder's own names cannot be listed then, and what is made in it
    later is shut. Links are left out: they grant nothing, and where they lead has a grant of its own or none.
    """
    shut = os.path.realpath(private) if private else ""
    for path in granted:
        real = os.path.realpath(path)
        if shut and _leads_to(real, shut):
            yield from _around(real, shut)
        else:
            yield path


def _around(folder: str, shut: str) -> Iterator[str]:
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        if here == shut:
            continue
        try:
            names = os.listdir(here)
        except OSError:
            continue
        for path in (os.path.join(here, name) for name in names):
            if _leads_to(path, shut):
                waiting.append(path)
            elif not os.path.islink(path):
                yield path


def _leads_to(path: str, shut: str) -> bool:
    return shut == path or shut.startswith(path.rstrip("/") + "/")


def _grant(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
            return
        raise
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _FILE_RIGHTS
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, descriptor), 12)
        _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_RULE_PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    result = _libc().syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"landlock: {os.strerror(code)}")
    return int(result)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def system_paths() -> tuple[list[str], list[str]]:
    """Return what any program needs of the machine: (readable, writable), without any home or temporary folder."""
    readable = [
        "/usr",
        "/bin",
        "/sbin",
        "/lib",
        "/lib32",
        "/lib64",
        "/etc",
        "/opt",
        "/proc",
        "/sys",
        "/nix/store",
        "/run/systemd/resolve",
        "/var/lib/ca-certificates",
    ]
    # Not all of /dev: whoever may write a disk's device file has every file on it.
    devices = ["null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "fuse"]
    graphics = [str(path) for path in Path("/dev").glob("nvidia*")]
    return readable, [f"/dev/{name}" for name in devices] + graphics
