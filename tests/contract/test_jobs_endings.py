"""Protects: however a step ends (failure, cancel, timeout, runaway), it ends with a reason and leaves nothing behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from unittest.mock import patch

import psutil
import pytest

from tests.contract.job_platform import JobPlatform, job_platform, produced

FOLDER = {"type": "uri_folder"}


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    bounds = {
        "PLUMBLINE_STEP_DISK_MIB": "64",
        "PLUMBLINE_STEP_PROCESSES": "100",
        "PLUMBLINE_STEP_LOG_MIB": "1",
    }
    with patch.dict(os.environ, bounds), job_platform() as platform:
        yield platform


def _running(mark: str) -> list[int]:
    """Processes whose command line has the mark."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if mark in (process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def _until(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_failing_step_tells_why_and_what_depends_on_it_is_not_started(jobs: JobPlatform) -> None:
    nodes = {
        "bad": jobs.step("python -c 'raise ValueError(\"rows are missing\")'", outputs={"o": FOLDER}),
        "after": jobs.step("cat ${{inputs.i}}/x", inputs={"i": FOLDER}, bind={"i": produced("bad", "o")}),
    }
    name, properties = jobs.run(jobs.pipeline(nodes))
    steps = jobs.steps(name)
    assert properties["status"] == "Failed"
    assert {place: run["status"] for place, run in steps.items()} == {"bad": "Failed", "after": "Canceled"}
    assert "ValueError: rows are missing" in jobs.error(steps["bad"]["runId"])
    assert "ValueError: rows are missing" in jobs.error(name)
    assert "A step before it did not complete" in jobs.error(steps["after"]["runId"])


@pytest.mark.parametrize(("goes_on", "expected"), [(True, "Completed"), (False, "Canceled")])
def test_a_failure_stops_the_rest_unless_told_to_go_on(
    jobs: JobPlatform, goes_on: bool, expected: str
) -> None:
    nodes = {
        "bad": jobs.step(f"exit 4 # {goes_on}"),
        "first": jobs.step(f"sleep 0.5 # {goes_on}", outputs={"o": FOLDER}),
        "second": jobs.step("ls ${{inputs.i}}", inputs={"i": FOLDER}, bind={"i": produced("first", "o")}),
    }
    name, properties = jobs.run(jobs.pipeline(nodes, continue_on_step_failure=goes_on))
    steps = jobs.steps(name)
    assert properties["status"] == "Failed"
    assert steps["first"]["status"] == "Completed"
    assert steps["second"]["status"] == expected


def test_cancel_ends_all_processes_within_five_seconds(jobs: JobPlatform) -> None:
    mark = "7351"
    nodes = {
        "stubborn": jobs.step(f"trap '' TERM INT; sleep {mark} & setsid sleep {mark} & echo up; wait; wait"),
        "waiting": jobs.step("true # waits", inputs={"i": FOLDER}, bind={"i": produced("other", "o")}),
        "other": jobs.step(f"sleep {mark}", outputs={"o": FOLDER}),
    }
    name = jobs.submit(jobs.pipeline(nodes))
    _until(lambda: len(_running(mark)) == 3)
    answer = jobs.azure_ml.emulator.request(
        "POST", f"{jobs.azure_ml.workspace_id}/jobs/{name}/cancel", api_version="2023-04-01-preview"
    )
    started = time.monotonic()
    assert answer.status_code == 202
    assert answer.headers["location"]
    properties = jobs.wait(name, seconds=5)
    assert time.monotonic() - started < 5
    assert properties["status"] == "Canceled"
    assert {run["status"] for run in jobs.steps(name).values()} == {"Canceled"}
    assert _running(mark) == []
    done = jobs.azure_ml.emulator.request("GET", answer.headers["location"], api_version=None)
    assert done.status_code == 200


def test_cancel_reaches_a_step_that_waits_for_a_node(jobs: JobPlatform) -> None:
    nodes = {"a": jobs.step("sleep 7352 # a"), "b": jobs.step("sleep 7352 # b")}
    name = jobs.submit(jobs.pipeline(nodes, compute="narrow"))
    _until(lambda: sorted(run["status"] for run in jobs.steps(name).values()) == ["Queued", "Running"])
    jobs.azure_ml.emulator.request(
        "POST", f"{jobs.azure_ml.workspace_id}/jobs/{name}/cancel", api_version="2023-04-01-preview"
    )
    assert jobs.wait(name, seconds=5)["status"] == "Canceled"
    _follower, properties = jobs.run(
        jobs.command("true", computeId=f"{jobs.azure_ml.workspace_id}/computes/narrow")
    )
    assert properties["status"] == "Completed", "the node was given back"


def test_a_step_past_its_time_limit_is_ended_with_that_reason(jobs: JobPlatform) -> None:
    step = jobs.step("sleep 7353", limits={"timeout": "PT1S"})
    name, properties = jobs.run(jobs.pipeline({"slow": step}))
    assert properties["status"] == "Failed"
    assert "longer than its limit of 1 s" in jobs.error(name)
    assert _running("7353") == []


def test_children_left_behind_are_ended_and_counted(jobs: JobPlatform) -> None:
    name, properties = jobs.run(jobs.command("(setsid sleep 7354 &); sleep 7354 & echo done"))
    assert properties["status"] == "Completed"
    assert _running("7354") == []
    assert "2 process(es) were left behind and ended" in [
        one["message"] for one in jobs.details(name)["warnings"]
    ]


def test_a_hundred_megabytes_of_output_keep_their_beginning_and_end(jobs: JobPlatform) -> None:
    name, properties = jobs.run(
        jobs.command("echo begins; yes 0123456789012345678901234567890 | head -c 104857600; echo ends")
    )
    assert properties["status"] == "Completed"
    log = jobs.log(name)
    assert log.startswith("begins")
    assert log.rstrip().endswith("ends")
    assert len(log) < 3 * 1024 * 1024
    assert "from here only its end is kept" in log
    assert jobs.record(name)["process"]["output_bytes"] == 104857600 + 12


def test_a_fork_bomb_is_ended_with_that_reason(jobs: JobPlatform) -> None:
    name, properties = jobs.run(jobs.command(":(){ :|:& };:; sleep 7355"))
    assert properties["status"] == "Failed"
    assert "more than 100 processes" in jobs.error(name)
    assert _running("7355") == []


def test_a_step_that_fills_its_disk_quota_is_ended_with_that_reason(jobs: JobPlatform) -> None:
    one_file, properties = jobs.run(jobs.command("head -c 100000000 /dev/zero > big; sleep 7356"))
    assert properties["status"] == "Failed"
    assert "disk quota" in jobs.error(one_file)
    many, properties = jobs.run(
        jobs.command("for n in $(seq 20); do head -c 5000000 /dev/zero > f$n; done; sleep 7356")
    )
    assert properties["status"] == "Failed"
    assert "disk quota" in jobs.error(many)


def test_a_missing_program_and_a_missing_input_are_told_plainly(jobs: JobPlatform) -> None:
    name, _ = jobs.run(jobs.command("nosuchprogram --now"))
    assert "nosuchprogram: command not found" in jobs.error(name)
    nothing = {
        "d": {"jobInputType": "uri_folder", "uri": "azureml://datastores/workspaceblobstore/paths/nowhere"}
    }
    name, _ = jobs.run(jobs.command("ls ${{inputs.d}}", inputs=nothing))
    assert "input d: nothing lies at azureml://datastores/workspaceblobstore/paths/nowhere" in jobs.error(
        name
    )
    remote = {"d": {"jobInputType": "uri_file", "uri": "https://example.org/data.csv"}}
    name, _ = jobs.run(jobs.command("cat ${{inputs.d}}", inputs=remote))
    assert "remote_inputs.yaml" in jobs.error(name)
    fixture = jobs.emulator.home / "fixture.csv"
    fixture.write_text("local\n")
    (jobs.emulator.home / "remote_inputs.yaml").write_text(f"https://example.org/data.csv: {fixture}\n")
    name, _properties = jobs.run(jobs.command("cat ${{inputs.d}}", inputs=remote))
    assert jobs.log(name).strip() == "local"
    assert "stands for https://example.org/data.csv" in jobs.details(name)["warnings"][0]["message"]
