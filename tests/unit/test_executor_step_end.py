"""Protects: the end of a step and of its job is certain, whatever goes wrong on the way there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from plumbline.emulator.executor import job as job_module
from plumbline.emulator.executor import step_end
from plumbline.emulator.executor.job import JobExecution
from plumbline.emulator.executor.run import Run
from plumbline.emulator.executor.step_end import write_last_word
from plumbline.emulator.executor.step_plan import JobPlan, StepPlan
from plumbline.emulator.executor.step_processes import worst_of
from plumbline.emulator.executor.storage import Unreachable
from plumbline.emulator.executor.supervisor.plan import ProcessEnd

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


class _Runs:
    """Runs in memory; `full` is how many writes the disk has no room for."""

    def __init__(self, *names: str, full: int = 0) -> None:
        self.kept = {name: Run(workspace_id="w", name=name, root="job") for name in names}
        self.full = full

    def get(self, _workspace: str, name: str) -> Run | None:
        return self.kept.get(name)

    def change(self, _workspace: str, name: str, change: Callable[[Run], None]) -> Run:
        if self.full > 0:
            self.full -= 1
            raise sqlite3.OperationalError("database or disk is full")
        change(self.kept[name])
        return self.kept[name]


class _Step:
    """A step whose own code has a bug."""

    reused = False
    outputs: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, _parts: object, _job: object, plan: StepPlan, name: str) -> None:
        self.plan, self.name = plan, name

    def execute(self) -> str:
        raise LookupError("a bug")

    def cancel(self, reason: str) -> None:
        """Nothing runs."""


def _plan(path: str) -> StepPlan:
    return StepPlan(
        path=path, component_id="", component_sha256="", display_name=path, command="true", code_id="",
        environment_id="", compute_id="", inputs={}, input_types={}, outputs={},
    )  # fmt: skip


@pytest.mark.parametrize("full", [0, 1, 3, 5])
def test_a_job_ends_although_a_step_raises_and_the_disk_is_full_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: int
) -> None:
    def nowhere(*_: object) -> None:
        raise Unreachable("no store")

    monkeypatch.setattr(job_module, "StepExecution", _Step)
    monkeypatch.setattr(step_end, "_PAUSE_SECONDS", 0.001)
    runs = _Runs("job", "run-a", "run-b", full=full)
    parts: Any = SimpleNamespace(folder=tmp_path, runs=runs, storage=SimpleNamespace(artifacts=nowhere))
    plan = JobPlan(steps=(_plan("a"), _plan("b")))
    ended: list[str] = []
    workspace: Any = SimpleNamespace(id="w")
    job = JobExecution(
        parts, workspace, Run(workspace_id="w", name="job", root="job", kind="pipeline"), plan,
        {"": "job", "a": "run-a", "b": "run-b"}, ended.append,
    )  # fmt: skip
    job.begin()
    assert job.done.wait(5)
    assert ended == ["job"]
    assert runs.kept["job"].status == "Failed"


def test_the_last_word_is_written_as_soon_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_end, "_PAUSE_SECONDS", 0.001)

    def end(run: Run) -> None:
        run.status = "Completed"

    runs: Any = _Runs("r", full=10)
    write_last_word(runs, "w", "r", end)
    assert runs.kept["r"].status == "Completed"
    write_last_word(runs, "w", "removed", end)
    runs.full = 1000
    with pytest.raises(sqlite3.OperationalError):
        write_last_word(runs, "w", "r", end)
    assert runs.full == 1000 - 20, "not for ever"


def test_the_rank_that_failed_by_itself_tells_why() -> None:
    canceled = ProcessEnd(exit_code=143, reason="canceled", ended_at=3.0)
    failed = ProcessEnd(exit_code=1, ended_at=2.0)
    follower = ProcessEnd(exit_code=1, ended_at=2.5)
    good = ProcessEnd(exit_code=0, ended_at=1.0)
    assert worst_of([canceled, failed]) == 1
    assert worst_of([good, follower, failed, canceled]) == 2, "the first one, not what fell with it"
    assert worst_of([good, canceled]) == 1
    assert worst_of([good, good]) == 0
