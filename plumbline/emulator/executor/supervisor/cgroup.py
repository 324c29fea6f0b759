"""A bound on the number of processes by the kernel's control groups, where this user may make one."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

PREFIX = "plumbline-step-"
_YOUNG_SECONDS = 60


class ProcessGroup:
    """One control group with `pids.max`; version 1 and version 2 hierarchies alike."""

    def __init__(self, folder: Path) -> None:
        """Take a folder that `create` made."""
        self._folder = folder

    @classmethod
    def create(cls, name: str, limit: int) -> ProcessGroup | None:
        """Make a group below this process's own, or return None where the machine does not allow it.

        Args:
            name: For people who look; the process's id tells groups of one name apart.
        """
        for parent in _candidates():
            folder = parent / f"{PREFIX}{name}-{os.getpid()}"
            try:
                folder.mkdir()
            except OSError:
                continue  # another's group of this name is not touched
            try:
                (folder / "pids.max").write_text(str(limit))
            except OSError:
                with contextlib.suppress(OSError):
                    folder.rmdir()
                continue
            return cls(folder)
        return None

    def join(self) -> None:
        """Put the calling process, and with it all its future children, into the group."""
        (self._folder / "cgroup.procs").write_text("0")

    def refused(self) -> bool:
        """Say whether a fork was refused because of the bound."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            for line in (self._folder / "pids.events").read_text().splitlines():
                name, count = line.split()
                if name == "max" and int(count) > 0:
                    return True
        return False

    def kill(self) -> None:
        """End all members at once (version 2 only; elsewhere nothing happens)."""
        with contextlib.suppress(OSError):
            if (self._folder / "cgroup.kill").exists():
                (self._folder / "cgroup.kill").write_text("1")

    def remove(self) -> None:
        """Remove the group; it must be empty."""
        with contextlib.suppress(OSError):
            self._folder.rmdir()


def sweep() -> None:
    """Remove groups that killed supervisors left; one with members stays, and so does one that is just being made."""
    for parent in _candidates():
        for folder in parent.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                if time.time() - folder.stat().st_mtime > _YOUNG_SECONDS:
                    folder.rmdir()


def _candidates() -> list[Path]:
    found: list[Path] = []
    try:
        own = Path("/proc/self/cgroup").read_text().splitlines()
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return found
    places = [line.split() for line in mounts]
    for line in own:
        _, controllers, path = line.split(":", 2)
        for place in places:
            version_one = (
                place[2] == "cgroup" and "pids" in controllers.split(",") and "pids" in place[3].split(",")
            )
            version_two = place[2] == "cgroup2" and not controllers
            if version_one or version_two:
                found.append(Path(place[1] + path))
    return found
