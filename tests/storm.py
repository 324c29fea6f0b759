"""Kills, faults and a full disk at random moments of real work, and what has to hold afterwards. Used by the soak tests.

Every moment, victim and fault is drawn from one seed, which a failure prints.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.project_copy import ProjectCopy

PATIENCE_SECONDS = 300
# A fifth of all requests fails, in every way that another try may better.
FAULTS = {"path": ".*", "count": -1, "rate": 0.2, "one_of": [500, 503, 429, "close", "close-after", 0.2]}
_SOURCE = "pipelines/claims_release/components/{}/src/storm.txt"
_COMPONENTS = ("validate", "features", "evaluate", "gate")
_WORKSPACE_TYPE = "azure-native:machinelearningservices:Workspace"


@dataclass
class Storm:
    """One platform under attack.

    Attributes:
        figures: What was done to it: kills by victim, faults, repairs, ups.
    """

    project: ProjectCopy
    seed: int
    figures: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.began = time.monotonic()
        self._folder = Path(os.environ["PLUMBLINE_REQUEST_LOG"])
        self._before = {file: file.stat().st_size for file in self._folder.glob("*.jsonl")}
        self._longest = 6.0

    def strike(self) -> None:
        """Change a component's code, begin an update, and kill something at a random moment of it."""
        self.change()
        if self.chance.random() < 0.5:
            self.faults(self.chance.randrange(2**16))
        up = self._begin()
        began, moment = time.monotonic(), self.chance.uniform(0.1, self._longest)
        victim = self.chance.choice(("emulator", "provider", "engine"))
        later, which = self.chance.uniform(0.0, 3.0), self.chance.random()
        if victim == "provider":
            # It comes late in an update, the later the busier the machine: its moment counts from then.
            while up.poll() is None and not self._processes(victim, up):
                time.sleep(0.01)
            moment = time.monotonic() - began + later
        while up.poll() is None and time.monotonic() - began < moment:
            time.sleep(0.01)
        found = self._processes(victim, up)
        for process in found[int(which * len(found)) :][:1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
                self.figures[f"{victim} killed"] += 1
        up.wait(PATIENCE_SECONDS)
        self.figures["updates cut off" if up.returncode else "updates"] += 1
        if not up.returncode:
            self._longest = max(2.0, min(self._longest, time.monotonic() - began))
        self.revive()

    def fill(self, disk: Path) -> None:
        """Begin an update, and fill the disk at a random moment of it until it has ended."""
        self.change()
        up = self._begin()
        began, moment = time.monotonic(), self.chance.uniform(0.1, self._longest)
        while up.poll() is None and time.monotonic() - began < moment:
            time.sleep(0.01)
        with filled(disk):
            up.wait(PATIENCE_SECONDS)
        self.figures["disk full"] += 1
        self.figures["updates cut off" if up.returncode else "updates"] += 1

    def revive(self) -> None:
        """Bring the emulator back, without faults."""
        if self.project.emulator_alive():
            self._count_faults()
        self.project.plumbline("local", "start")
        self.project.control("DELETE", "faults")

    def faults(self, seed: int) -> None:
        """Let a fifth of all requests fail from here on."""
        self.project.control("PUT", "faults", [{**FAULTS, "seed": seed}])

    def up(self, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """An update to its end."""
        return self.project.pulumi(
            "up", "-s", "local", "--yes", "--skip-preview", "--non-interactive", check=check
        )

    def repair(self) -> None:
        """The next update converges, and what has to hold is held."""
        self.revive()
        self.project.plumbline("local", "up", "--skip-run")  # strikes out the notes of creations
        self.figures["repairs"] += 1
        self.project.control("DELETE", "requests")
        self.up()
        assert self.project.writes() == [], self.told("a second update changes something")
        state = self._state()
        assert not state.get("pending_operations"), self.told("operations are pending")
        ids = [resource["id"].lower() for resource in state["resources"] if resource.get("custom")]
        assert len(ids) == len(set(ids)), self.told("a resource is in the state twice")
        lost = [path for path, version in self._acknowledged().items() if self._is_gone(path, version)]
        assert lost == [], self.told(f"acknowledged and not there: {lost}")
        assert list(self._doubled(state)) == [], self.told(f"doubled: {list(self._doubled(state))}")

    def told(self, what: str) -> str:
        """A failure's words, with what repeats it."""
        return f"seed {self.seed}: {what}. So far: {self.summary()}"

    def summary(self) -> str:
        """The figures in one line."""
        shown = ", ".join(f"{count} {what}" for what, count in sorted(self.figures.items()))
        return f"{shown}, {time.monotonic() - self.began:.0f} s"

    # -- the work

    def change(self) -> None:
        """Give a component other code."""
        name = self.chance.choice(_COMPONENTS)
        file = self.project.root / _SOURCE.format(name)
        file.write_text(f"{self.chance.randrange(10**9)}\n")

    def _begin(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["pulumi", "up", "-s", "local", "--yes", "--skip-preview", "--non-interactive"],
            cwd=self.project.root,
            env=self.project.client_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _processes(self, victim: str, up: subprocess.Popen[bytes]) -> list[psutil.Process]:
        """The processes of a victim, of this project alone."""
        try:
            if victim == "emulator":
                return [psutil.Process(self.project.ready()["pid"])] if self.project.emulator_alive() else []
            engine = psutil.Process(up.pid)
            if victim == "engine":
                return [engine] if up.poll() is None else []
            found = []
            for child in engine.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if {"plumbline.provider", "plumbline.azure_native_plugin"} & set(child.cmdline()):
                        found.append(child)
            return found
        except psutil.NoSuchProcess:
            return []

    def _count_faults(self) -> None:
        for rule in self.project.control("GET", "faults"):
            self.figures["requests that failed"] += rule["fired"]

    # -- what is there

    def _state(self) -> dict[str, Any]:
        exported = json.loads(self.project.pulumi("stack", "export", "-s", "local").stdout)
        deployment: dict[str, Any] = exported["deployment"]
        return deployment

    def _acknowledged(self) -> dict[str, str]:
        """ARM id of everything that was put with success and not deleted since -> api-version."""
        found: dict[str, str] = {}
        for file in sorted(self._folder.glob("*.jsonl")):
            with file.open("rb") as content:
                content.seek(self._before.get(file, 0))
                for line in content:
                    if not line.endswith(b"\n") or b"/providers/" not in line:
                        continue
                    entry = json.loads(line)
                    path, done = entry["path"], entry["status"] in (200, 201, 202, 204)
                    if entry["method"] == "DELETE" and done:
                        found.pop(path, None)
                    version = entry["query"].get(
                        "api-version"
                    )  # data planes have none: runs are no resources
                    if entry["method"] == "PUT" and version and entry["status"] in (200, 201):
                        found[path] = version
        return found

    def _is_gone(self, path: str, version: str) -> bool:
        return self.project.arm(path, version) is None

    def _doubled(self, state: dict[str, Any]) -> Iterator[str]:
        """Assets of which two versions hold the same content."""
        (workspace,) = [one["id"] for one in state["resources"] if one["type"] == _WORKSPACE_TYPE]
        for collection, mark in (("components", "plumbline.content_hash"), ("codes", "hash_sha256")):
            seen: Counter[str] = Counter()
            containers = self.project.arm(f"{workspace}/{collection}?listViewType=All", "2024-04-01")["value"]
            for container in containers:
                path = f"{container['id']}/versions?listViewType=All"
                for one in self.project.arm(path, "2024-04-01")["value"]:
                    held = (one["properties"].get("properties") or {}).get(mark)
                    if held:
                        seen[f"{container['name']} {held}" if collection == "components" else held] += 1
            yield from (f"{collection} {held}" for held, count in seen.items() if count > 1)


@contextlib.contextmanager
def small_disk(folder: Path, *, mib: int) -> Iterator[None]:
    """A disk of its own below a folder: a tmpfs, where this machine lets us mount one.

    Raises: OSError: it does not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if sys.platform != "linux" or done.returncode != 0:
        raise OSError(f"{folder}: no tmpfs: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Take all the space that is left, and give it back."""
    ballast = folder / "ballast"
    try:
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 65_536)
        yield
    finally:
        ballast.unlink(missing_ok=True)
