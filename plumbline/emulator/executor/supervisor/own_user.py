"""A user of the step's own: a number that owns nothing on this machine but what its room shows it as its own.

Nothing changes hands on the disk. The step's folder is mounted with its ids mapped: what the emulator's user owns there
is the step's, and what the step writes is the emulator's on the disk, to be read and removed as ever. What it is to read
and others may not is mounted likewise, for reading. A folder on the way that others may not enter gives way to an empty
one, in which the step finds what it was given and nothing else.
Source: Linux man page mount_setattr(2), "ID-mapped mounts".
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from plumbline.emulator.executor.supervisor import kernel

NAME = "plumbline-step"
# systemd's "Users, Groups, UIDs and GIDs" leaves the numbers from here on unused; each process id has one.
_FIRST = 0x70000000
_MAY_ENTER, _MAY_READ = 0o001, 0o004


@dataclass(frozen=True, kw_only=True)
class _Accounts:
    """The machine's lists of users and groups with one more, for programs that ask for this user's name."""

    folder: int
    cloned: dict[str, tuple[str, int]]

    @classmethod
    def write(cls, folder: str, number: int) -> _Accounts:
        cloned = {}
        for account, rest in (("/etc/passwd", f"{number}::{folder}:/bin/bash"), ("/etc/group", "")):
            with open(account, "rb") as file:
                text = file.read().rstrip(b"\n") + f"\n{NAME}:x:{number}:{rest}\n".encode()
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as ours:
                ours.write(text)
            os.chmod(ours.name, 0o644)
            mount = kernel.clone_mount(ours.name, to=None, read_only=True)
            cloned[os.path.realpath(account)] = (ours.name, mount)
        return cls(folder=os.open(folder, os.O_PATH | os.O_CLOEXEC), cloned=cloned)

    def show(self) -> None:
        for account, (name, cloned) in self.cloned.items():
            kernel.put_mount(cloned, account)
            os.close(cloned)
            # What is removed before has no place any more that it could be shown at.
            os.unlink(os.path.basename(name), dir_fd=self.folder)
        os.close(self.folder)


@dataclass(kw_only=True)
class OwnUser:
    """Its number, and the mounts that make it at home; none shows before `move_in`."""

    number: int
    mounts: dict[str, int] = field(default_factory=dict)
    shut: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    accounts: _Accounts | None = None

    @classmethod
    def prepare(
        cls,
        folder: str,
        *,
        working: str,
        writable: Sequence[str],
        readable: Sequence[str],
        beside: int = 0,
    ) -> OwnUser:
        """In a mount namespace of one's own: ask the kernel for all that it may refuse.

        Args:
            folder: Real path of what becomes the user's.
            working: The path in it that the step starts in, maybe by way of a link.
            writable: Real paths of what it may change of the folder.
            readable: What it must be able to read.
            beside: Process id of another rank of the same step, whose user this is too; 0 for none.
        Raises: OSError: it is not allowed, or a file system cannot map ids.
        """
        own = cls(number=_FIRST + (beside or int(os.readlink("/proc/self"))))
        outside = [
            path for path in readable if os.path.exists(path) and not _inside(os.path.realpath(path), folder)
        ]
        for path in (folder, working, *outside):
            own._walk(path, folder)
        namespace = map_to(own.number)
        try:
            own.mounts[folder] = kernel.clone_mount(folder, to=namespace, read_only=False)
            for entry in os.scandir(folder):
                if entry.path not in writable:
                    own.mounts[entry.path] = kernel.clone_mount(entry.path, to=namespace, read_only=True)
            for path in (os.path.realpath(one) for one in outside):
                is_open = _others_may(path, _MAY_ENTER | _MAY_READ)
                if not is_open or own._is_covered(path):
                    to = None if is_open else namespace
                    own.mounts[path] = kernel.clone_mount(path, to=to, read_only=True)
        finally:
            os.close(namespace)
        own.accounts = _Accounts.write(folder, own.number)
        return own

    def move_in(self) -> None:
        """Show all of it. Raises: OSError: the machine is out of something; such a room is of no use."""
        for folder in self.shut:
            flags = kernel.NO_SUID | kernel.NO_DEVICES
            kernel.mount("tmpfs", folder, "tmpfs", flags, "mode=755,size=1m")
        for path, cloned in self.mounts.items():
            if not os.path.lexists(path):
                kernel.mount_point(path, folder=stat.S_ISDIR(os.fstat(cloned).st_mode))
            kernel.put_mount(cloned, path)
            os.close(cloned)
        for link, target in self.links.items():
            if not os.path.lexists(link):
                kernel.mount_point(os.path.dirname(link), folder=True)
                os.symlink(target, link)
        if self.accounts:
            self.accounts.show()

    def _walk(self, path: str, folder: str) -> None:
        """Note the links to a path, and the outermost folders on the way that others may not enter."""
        end = os.path.realpath(path)
        for here, target in _way(path):
            if target:
                self.links[here] = target
                continue
            reached = here == end or _inside(here, folder) or self._is_covered(here)
            if not reached and not _others_may(here, _MAY_ENTER):
                self.shut.add(here)

    def _is_covered(self, path: str) -> bool:
        return any(_inside(path, folder) for folder in self.shut)


def map_to(number: int) -> int:
    """Return what maps this user's files to a number. Raises: OSError: only root may, on a machine's own ids."""
    if os.geteuid() != 0:
        raise OSError(1, "only root may map the ids of files")
    return kernel.id_map(number)


def try_map(folder: str) -> None:
    """Raises: OSError: a folder's ids cannot be mapped."""
    namespace = map_to(_FIRST)
    try:
        os.close(kernel.clone_mount(folder, to=namespace, read_only=True))
    finally:
        os.close(namespace)


def _way(path: str) -> Iterator[tuple[str, str]]:
    """Yield each folder that leads to a path and each link, with its target, in order; the path itself is the last."""
    here, waiting = "/", path.split("/")[::-1]
    while waiting:
        name = waiting.pop()
        if name in ("", "."):
            continue
        if name == "..":
            here = os.path.dirname(here)
            continue
        step = os.path.join(here, name)
        target = os.readlink(step) if os.path.islink(step) else ""
        yield step, target
        if target:
            waiting += target.split("/")[::-1]
        here = "/" if target.startswith("/") else here if target else step


def _inside(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder}/")


def _others_may(path: str, what: int) -> bool:
    return os.stat(path).st_mode & what == what
