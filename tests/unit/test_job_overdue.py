"""Protects expected_seconds of a release: a step that takes longer is named once, and only its own time counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plumbline.ops.job.overdue import Overdue
from plumbline.ops.job.watch import Look
from plumbline.ops.run_history import StepRun

START = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def look(*, pipeline: str = "claims_release", **step: Any) -> Look:
    run = StepRun(name="r", step="gate", **{"status": "Running", "started_at": START, **step})
    job = {"name": "j", "properties": {"status": "Running", "tags": {"plumbline.pipeline": pipeline}}}
    return Look(job=job, steps=(run,), moved=())


def found(one: Look, seconds: float) -> list[str]:
    return list(Overdue().warnings(one, now=START + timedelta(seconds=seconds)))


def test_a_running_step_is_named_once_when_its_time_is_over() -> None:
    overdue = Overdue()
    said = [list(overdue.warnings(look(), now=START + timedelta(seconds=at))) for at in (119, 121, 500)]
    assert said == [[], ["gate has run for 121 s, expected at most 120 s by release.yml."], []]


def test_a_step_that_has_ended_is_judged_by_its_end() -> None:
    ended = look(status="Completed", ended_at=START + timedelta(seconds=200))
    assert found(ended, 999) == ["gate took 200 s, expected at most 120 s by release.yml."]
    assert found(look(status="Completed", ended_at=START + timedelta(seconds=100)), 999) == []


@pytest.mark.parametrize("step", [{"started_at": None, "status": "Queued"}, {"reused_from": "earlier"}])
def test_waiting_and_reuse_take_no_time(step: dict[str, Any]) -> None:
    assert found(look(**step), 999) == []


def test_a_run_that_takes_longer_in_all_is_named_waiting_included() -> None:
    waiting = look(status="Queued", started_at=None, created_at=START)
    assert found(waiting, 2399) == []
    assert found(waiting, 2401) == ["the run has run for 2401 s, expected at most 2400 s by release.yml."]


def test_a_pipeline_without_a_contract_expects_nothing() -> None:
    assert found(look(pipeline="nobody"), 999) == []
