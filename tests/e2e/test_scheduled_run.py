"""Protects the weekly release run: Azure hides what a schedule's job is made of, and it is followed and judged all the same."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.e2e.test_model_release import CLIENT, acting, in_python, let_read_outputs
from tests.project_copy import ProjectCopy

SCHEDULE = "claims_release_weekly"


@pytest.fixture(scope="module")
def job(platform: ProjectCopy) -> str:
    """A run that Alice had the schedule make, followed to its end."""
    let_read_outputs(platform)
    made = in_python(
        platform, "alice", f"{CLIENT}print(client.schedules.trigger({SCHEDULE!r}).job_name)"
    ).strip()
    streamed = acting(platform, "alice", "job", "stream", made)
    assert streamed.returncode == 0, streamed.stdout + streamed.stderr
    return made


def said(answer: subprocess.CompletedProcess[str]) -> str:
    return answer.stdout + answer.stderr


def test_a_scheduled_run_shows_its_steps_and_their_logs(platform: ProjectCopy, job: str) -> None:
    shown: dict[str, Any] = json.loads(
        platform.plumbline("job", "show", job, "--stack", "local", "--output", "json").stdout
    )
    assert sorted(shown["jobs"]) == ["evaluate", "features", "gate", "train", "validate"]
    logs = platform.plumbline("job", "logs", job, "--step", "gate", "--stack", "local").stdout
    assert logs.splitlines()[0] == "gate open: 7 of 7 thresholds reached"


def test_a_scheduled_run_is_approved_and_rerun_as_its_schedule_defines_it(
    platform: ProjectCopy, job: str
) -> None:
    approved = acting(platform, "bob", "model", "approve", job, "--allow-uncommitted")
    assert approved.returncode == 0, said(approved)
    again = acting(platform, "alice", "job", "rerun", job, "--stream")
    assert again.returncode == 0, said(again)


def test_a_run_of_a_schedule_that_changed_since_is_refused_in_plain_words(
    platform: ProjectCopy, job: str
) -> None:
    environ = platform.client_environment("bob")
    script = str(platform.root / "touch.py")
    (platform.root / "touch.py").write_text(
        f"{CLIENT}client.schedules.begin_disable({SCHEDULE!r}).result()\n"
        f"client.schedules.begin_enable({SCHEDULE!r}).result()\n"
    )
    platform.run([sys.executable, script], check=True, environ=environ)
    refused = acting(platform, "alice", "job", "rerun", job)
    assert refused.returncode == 1
    assert f"Azure shows none of a job that a schedule made, here {SCHEDULE}" in refused.stderr
    assert "changed the schedule at " in refused.stderr
    judged = acting(platform, "bob", "model", "approve", job, "--allow-uncommitted")
    assert judged.returncode == 1
    assert "Its own record shows" in judged.stderr
    assert "gate (claims_gate:h1" in judged.stderr
    logs = platform.plumbline("job", "logs", job, "--step", "gate", "--stack", "local").stdout
    assert logs.splitlines()[0] == "gate open: 7 of 7 thresholds reached"
