"""Protects: however a step ends (failure, cancel, timeout, runaway), it ends with a reason and leaves nothing behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from unittest.mock import patch

import psutil
import pytest

from tests.contract.job_platform import JobPlatform, job_platform, marked, produced

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
    """Processes whose command line has the mark, as `marked` writes it."""
    mark = marked(mark)
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if mark in (process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def _until(condition, seconds: float = 120) -> None:
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
    assert {place: run["status"] for place, run in steps.items()} == {"bad": "Failed"}
    assert "ValueError: rows are missing" in jobs.error(steps["bad"]["runId"])
    assert steps["bad"]["error"]["error"]["message"].startswith("\nExecution failed.")
    assert jobs.error(name).startswith("Pipeline has failed child jobs. Failed nodes: /bad.")
    assert jobs.history(f"runs/{name}")["error"]["error"]["referenceCode"] == "PipelineHasStepJobFailed"


def test_a_step_that_is_never_started_has_a_row_or_none(jobs: JobPlatform) -> None:
    """Which of both Azure does is not known: with noise it has one."""
    nodes = {
        "bad": jobs.step("exit 3 # rows", outputs={"o": FOLDER}),
        "after": jobs.step("cat ${{inputs.i}}/x", inputs={"i": FOLDER}, bind={"i": produced("bad", "o")}),
    }
    name, _ = jobs.run(jobs.pipeline(nodes))
    assert set(jobs.steps(name)) == {"bad"}
    jobs.emulator.control("PUT", "noise", {"enabled": True, "only": ["skipped_steps_have_rows"]})
    try:
        steps = jobs.steps(name)
        assert {place: run["status"] for place, run in steps.items()} == {
            "bad": "Failed",
            "after": "Canceled",
        }
        assert "A step before it did not complete" in jobs.error(steps["after"]["runId"])
    finally:
        jobs.emulator.control("PUT", "noise", {"enabled": False})


@pytest.mark.parametrize(
    ("goes_on", "first", "second"),
    [(True, "Completed", "Completed"), (None, "Completed", "Completed"), (False, "Canceled", None)],
)
def test_a_failure_stops_the_rest_and_cancels_what_runs_only_when_told_not_to_go_on(
    jobs: JobPlatform, goes_on: bool | None, first: str, second: str | None
) -> None:
    """Source: learn, pipeline job YAML reference, settings.continue_on_step_failure; recorded jobs: silence goes on."""
    mark = "2.7357"
    nodes = {
        "bad": jobs.step(f"sleep 0.5; exit 4 # {goes_on}"),
        "first": jobs.step(f"sleep {mark} # {goes_on}", outputs={"o": FOLDER}),
        "second": jobs.step("ls ${{inputs.i}}", inputs={"i": FOLDER}, bind={"i": produced("first", "o")}),
    }
    settings = {} if goes_on is None else {"continue_on_step_failure": goes_on}
    name, properties = jobs.run(jobs.pipeline(nodes, **settings))
    assert properties["properties"]["azureml.continue_on_step_failure"] == str(goes_on is not False)
    steps = jobs.steps(name)
    assert properties["status"] == "Failed"
    assert _running(mark) == []
    shown = {"bad": "Failed", "first": first} | ({"second": second} if second else {})
    assert {place: run["status"] for place, run in steps.items()} == shown
    assert "Failed nodes: /bad." in jobs.error(name)
    if goes_on is False:
        assert "because another step failed" in jobs.error(steps["first"]["runId"])


def test_a_distributed_step_tells_the_error_of_the_rank_that_failed(jobs: JobPlatform) -> None:
    step = jobs.step(
        "if [ $RANK = 1 ]; then echo 'the shard is missing'; exit 3; fi; sleep 7359",
        resources={"instance_count": 2},
    )
    name, properties = jobs.run(jobs.pipeline({"both": step}))
    assert properties["status"] == "Failed"
    assert "the shard is missing" in jobs.why(name)
    assert "user_logs/std_log_process_01.txt" in jobs.why(name)
    assert jobs.record(jobs.steps(name)["both"]["runId"])["process"]["exit_code"] == 3


def test_cancel_ends_all_processes(jobs: JobPlatform) -> None:
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
    assert answer.status_code == 202
    assert answer.headers["location"]
    properties = jobs.wait(name)
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
    assert "longer than its limit of 1 s" in jobs.why(name)
    assert _running("7353") == []


def test_children_left_behind_are_ended_and_counted(jobs: JobPlatform) -> None:
    name, properties = jobs.run(jobs.command("(setsid sleep 7354 &); sleep 7354 & echo done"))
    assert properties["status"] == "Completed"
    assert _running("7354") == []
    assert "2 process(es) were left behind and ended" in [
        one["message"] for one in jobs.details(name)["warnings"]
    ]


def test_a_step_that_prints_a_hundred_megabytes_is_ended_with_that_reason(jobs: JobPlatform) -> None:
    name, properties = jobs.run(
        jobs.command(
            "echo begins; (sleep 7350 &); yes 0123456789012345678901234567890 | head -c 104857600; sleep 7350"
        )
    )
    assert properties["status"] == "Failed"
    assert "it printed more than its log limit of 1 MiB. Print less" in jobs.error(name)
    assert "PLUMBLINE_STEP_LOG_MIB" in jobs.error(name)
    assert _running("7350") == []
    log = jobs.log(name)
    assert log.startswith("begins")
    assert log.rstrip().splitlines()[-1].strip("0123456789") == "", "its last part is kept too"
    assert len(log) < 3 * 1024 * 1024
    assert "from here only its end is kept" in log
    assert jobs.record(name)["process"]["reason"] == "log"
    assert jobs.record(name)["process"]["output_bytes"] < 10 * 1024 * 1024


def test_a_step_that_ended_before_its_long_log_was_read_has_that_reason_too(jobs: JobPlatform) -> None:
    name, properties = jobs.run(jobs.command("head -c 1048577 /dev/zero | tr '\\0' x"))
    assert properties["status"] == "Failed"
    assert "more than its log limit of 1 MiB" in jobs.error(name)
    _name, properties = jobs.run(jobs.command("head -c 1048576 /dev/zero | tr '\\0' x"))
    assert properties["status"] == "Completed", "the limit itself is allowed"


def test_files_whose_names_no_blob_can_have_are_left_out_by_name_and_the_step_ends(jobs: JobPlatform) -> None:
    name, properties = jobs.run(
        jobs.command(
            "echo good > outputs/good.txt; echo x > $'outputs/bad\\xff.txt'; echo x > $'logs/two\\nlines'"
        )
    )
    assert properties["status"] == "Completed"
    warnings = [one["message"] for one in jobs.details(name)["warnings"]]
    assert "'outputs/bad\\xff.txt' is not kept: its name is not UTF-8" in warnings
    assert "'logs/two\\nlines' is not kept: its name has a control character" in warnings
    assert jobs.record(name)["warnings"] == warnings
    artifacts = jobs.azure_ml.emulator.request(
        "GET",
        f"/mlflow/v1.0{jobs.azure_ml.workspace_id}/api/2.0/mlflow/artifacts/list",
        api_version=None,
        params={"run_id": name, "path": "outputs"},
    )
    assert [file["path"] for file in artifacts.json()["files"]] == ["outputs/good.txt"]


def test_a_declared_output_that_cannot_be_kept_whole_fails_its_step_by_name(jobs: JobPlatform) -> None:
    step = jobs.step("echo x > ${{outputs.o}}/$'bad\\xff.txt'", outputs={"o": FOLDER})
    name, properties = jobs.run(jobs.pipeline({"step": step}))
    assert properties["status"] == "Failed"
    assert "output o: 'o/bad\\xff.txt' is not kept: its name is not UTF-8" in jobs.why(name)
    worse = jobs.step("echo x > ${{outputs.o}}/$'bad\\xff.txt'; exit 5", outputs={"o": FOLDER})
    name, _properties = jobs.run(jobs.pipeline({"step": worse}))
    assert "exited with status code 5" in jobs.why(name), "its own failure is what counts"


def test_a_very_deep_folder_among_the_artifacts_does_not_hang_its_job(jobs: JobPlatform) -> None:
    dig = "import os\nos.chdir('outputs')\nfor _ in range(1500): os.mkdir('d'); os.chdir('d')"
    name, properties = jobs.run(jobs.command(f'python -c "{dig}"'))
    assert properties["status"] == "Completed"
    assert not (jobs.emulator.home / "runs" / name / "work").exists(), "and is removed"


@pytest.mark.parametrize("with_output", [False, True])
def test_a_store_that_refuses_files_ends_the_step_with_a_word_about_it(
    jobs: JobPlatform, with_output: bool
) -> None:
    """Stands for a full disk: the folder that uploads go to is gone while the step ends."""
    write = "echo made > ${{outputs.o}}/x; " if with_output else ""
    step = jobs.step(
        f"{write}echo up; sleep 2; echo $RANDOM > outputs/own.txt",
        outputs={"o": FOLDER} if with_output else {},
    )
    name = jobs.submit(jobs.pipeline({"step": step}))
    _until(lambda: jobs.steps(name)["step"]["status"] == "Running")
    incoming = jobs.emulator.home / "blobs" / "incoming"
    away = incoming.rename(incoming.with_name("away"))
    try:
        properties = jobs.wait(name, seconds=20)
    finally:
        away.rename(incoming)
    run = jobs.steps(name)["step"]
    warnings = [one["message"] for one in jobs.details(run["runId"])["warnings"]]
    assert any("./outputs and ./logs are not kept" in one for one in warnings)
    assert any("the logs and the run record are not kept" in one for one in warnings)
    assert properties["status"] == run["status"] == ("Failed" if with_output else "Completed")
    if with_output:
        assert "The outputs could not be kept" in jobs.why(name)
    assert jobs.log(run["runId"]).startswith("up"), "the log is still there to read"
    _follower, properties = jobs.run(jobs.command("true"))
    assert properties["status"] == "Completed", "the node was given back"


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
    # Holes: no room here, and all of it where they are kept.
    sparse, properties = jobs.run(jobs.command("truncate -s 40M one two three; sleep 7356"))
    assert properties["status"] == "Failed"
    assert "disk quota" in jobs.error(sparse)


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
