"""Starts a supervisor for one process of a step, and waits for what it answers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from plumbline.emulator.executor.supervisor.plan import GO, ProcessEnd, ProcessPlan

_ROOT = str(Path(__file__).resolve().parents[3])
_START = "import sys; sys.path.insert(0, sys.argv[1]); from plumbline.emulator.executor.supervisor.nursery import main; main()"


@dataclass(frozen=True, kw_only=True)
class ProcessId:
    """A process that no other can be taken for: pids are used again, start times are not."""

    pid: int
    started: float


class Nursery:
    """Keeps one process ready that forks supervisors; starts it again when it was killed."""

    def __init__(self, private: Path | None = None) -> None:
        """Start nothing yet. Args: private: shut to every process that is held to its paths, whatever lies around it."""
        self._private = str(private or "")
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None

    def warm(self) -> None:
        """Start it, so that the first step need not wait for it."""
        with self._guard:
            self._running()

    def start(self, plan: ProcessPlan) -> StepProcess:
        """Start a process under a supervisor of its own."""
        plan_read, plan_write = os.pipe()
        answer_read, answer_write = os.pipe()
        try:
            with self._guard:
                try:
                    socket.send_fds(self._running(), [b"."], [plan_read, answer_write])
                except (BrokenPipeError, ConnectionResetError):
                    self._end()
                    socket.send_fds(self._running(), [b"."], [plan_read, answer_write])
        finally:
            os.close(plan_read)
            os.close(answer_write)
        return StepProcess(replace(plan, private=self._private), plan_write, answer_read)

    def stop(self) -> None:
        """Let it go; running supervisors stay."""
        with self._guard:
            self._end()

    def _running(self) -> socket.socket:
        if self._link is None or self._process is None or self._process.poll() is not None:
            self._end()
            self._link, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", _START, _ROOT],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={"PATH": os.environ.get("PATH", "")},
                    start_new_session=True,
                    close_fds=True,
                )
        return self._link

    def _end(self) -> None:
        if self._link is not None:
            self._link.close()
        if self._process is not None:
            self._process.wait()
        self._link = self._process = None


class StepProcess:
    """One supervised process."""

    def __init__(self, plan: ProcessPlan, plan_write: int, answer_read: int) -> None:
        """Take the ends of the pipes that `Nursery.start` made."""
        self._guard = threading.Lock()
        self._control: int | None = plan_write
        self._answers = os.fdopen(answer_read, "rb")
        self._first: bytes | None = None
        data = plan.dumps()
        self._write(b"%010d" % len(data) + data)

    def first_process(self) -> int:
        """Return the process id of the guard of its room once that stands, 0 when it never did."""
        self._first = self._answers.readline()
        event = json.loads(self._first) if self._first else {}
        return int(event["pid"]) if event.get("event") == "started" else 0

    def wait(self, running: Callable[[ProcessId, ProcessId], None] = lambda *_: None) -> ProcessEnd:
        """Return how it ended.

        Args:
            running: Called once with the ids of the supervisor and of the step's own process when that runs.
        """
        end: ProcessEnd | None = None
        step: ProcessId | None = None
        with self._answers as answers:
            for line in [self._first, *answers] if self._first else answers:
                event = json.loads(line)
                if event.pop("event") == "started":
                    step = process_id(event["pid"])
                    running(process_id(event["supervisor"]), step)
                else:
                    end = ProcessEnd(**event)
        with self._guard:
            if self._control is not None:
                os.close(self._control)
            self._control = None
        if end is None and step is not None:
            kill_orphan(step)
        return end or ProcessEnd(exit_code=137, reason="abandoned", detail="its supervisor was killed")

    def go(self) -> None:
        """Let a held process begin."""
        self._write(GO)

    def cancel(self) -> None:
        """Ask the supervisor to end everything; wait() returns within 5 s."""
        self._write(b"cancel\n")

    def _write(self, data: bytes) -> None:
        with self._guard:
            view = memoryview(data)
            try:
                while self._control is not None and view:
                    view = view[os.write(self._control, view) :]
            except BrokenPipeError:
                pass  # it died; wait() says so


def process_id(pid: int) -> ProcessId:
    """Return the id of a running process; a start time of 0 when it is gone already."""
    try:
        return ProcessId(pid=pid, started=psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return ProcessId(pid=pid, started=0.0)


def kill_orphan(process: ProcessId) -> bool:
    """Kill a process and all below it if it is still the one that was recorded; say whether it was there."""
    try:
        found = psutil.Process(process.pid)
        if abs(found.create_time() - process.started) > 0.01:
            return False
        below = found.children(recursive=True)
    except psutil.NoSuchProcess:
        return False
    for one in [found, *below]:
        try:
            one.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs([found, *below], timeout=5)
    return True
