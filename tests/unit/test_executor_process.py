"""Protects: a step's process tree ends with its supervisor and with the emulator, whichever is killed first."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from plumbline.emulator.executor.process import Nursery, ProcessId, kill_orphan, process_id
from plumbline.emulator.executor.supervisor.plan import ProcessEnd, ProcessPlan


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    found = Nursery()
    yield found
    found.stop()


def _plan(folder: Path, command: str, **rest: object) -> ProcessPlan:
    return ProcessPlan(
        name=f"test-{os.getpid()}-{folder.name}"[:60],
        command=command,
        working_folder=str(folder),
        sandbox=False,
        environment={"PATH": "/usr/bin:/bin"},
        log_path=str(folder / "log"),
        **rest,
    )


def _gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def _until_gone(pid: int) -> None:
    deadline = time.monotonic() + 120
    while not _gone(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _start(nursery: Nursery, plan: ProcessPlan) -> tuple[list[ProcessId], list[ProcessEnd], threading.Thread]:
    process = nursery.start(plan)
    running, ids, ends = threading.Event(), list[ProcessId](), list[ProcessEnd]()

    def started(*found: ProcessId) -> None:
        ids.extend(found)
        running.set()

    thread = threading.Thread(target=lambda: ends.append(process.wait(started)))
    thread.start()
    assert running.wait(10)
    return ids, ends, thread


def test_exit_codes_come_as_bash_reports_them(nursery: Nursery, tmp_path: Path) -> None:
    assert nursery.start(_plan(tmp_path, "exit 7")).wait().exit_code == 7
    assert nursery.start(_plan(tmp_path, "kill -TERM $$")).wait().exit_code == 143


def test_a_killed_supervisor_takes_its_step_with_it(nursery: Nursery, tmp_path: Path) -> None:
    (supervisor, step), ends, thread = _start(nursery, _plan(tmp_path, "sleep 60"))
    os.kill(supervisor.pid, signal.SIGKILL)
    thread.join(10)
    assert (ends[0].exit_code, ends[0].reason) == (137, "abandoned")
    _until_gone(step.pid)


def test_a_killed_nursery_is_replaced_and_its_steps_go_on(nursery: Nursery, tmp_path: Path) -> None:
    _, ends, thread = _start(nursery, _plan(tmp_path, "sleep 0.5; exit 5"))
    assert nursery._process is not None
    nursery._process.kill()
    nursery._process.wait()
    assert nursery.start(_plan(tmp_path, "exit 6")).wait().exit_code == 6
    thread.join(10)
    assert ends[0].exit_code == 5


def test_only_the_very_process_that_was_recorded_is_killed() -> None:
    own = process_id(os.getpid())
    assert not kill_orphan(ProcessId(pid=own.pid, started=own.started - 10))
    assert not kill_orphan(ProcessId(pid=2**22 + 1, started=1.0))


def test_steps_of_one_name_side_by_side_do_not_end_each_other(nursery: Nursery, tmp_path: Path) -> None:
    processes = [nursery.start(_plan(tmp_path, "echo done")) for _ in range(40)]
    ends = [process.wait() for process in processes]
    assert {end.exit_code for end in ends} == {0}, (tmp_path / "log").read_text()
