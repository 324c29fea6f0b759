"""Protects: a sweep as a step of a pipeline runs its trials, and the best one's outputs are what later steps read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.contract.job_platform import JobPlatform, job_platform
from tests.contract.test_jobs_sweep import LOG

TRIAL = """
type: command
name: one_trial
inputs:
  loss: {type: integer}
  who: {type: string, default: trial}
outputs: {model: {type: custom_model}}
code: ./src
environment: azureml:bare:1
command: echo ${{inputs.who}} ${{inputs.loss}} > ${{outputs.model}}/said && python log.py ${{inputs.loss}}
"""
JOB = """
type: pipeline
settings: {default_compute: azureml:wide, continue_on_step_failure: false}
outputs: {best: {type: custom_model}}
jobs:
  search:
    type: sweep
    trial: ./trial.yml
    inputs: {who: drawn}
    outputs: {model: "${{parent.outputs.best}}"}
    sampling_algorithm: grid
    search_space:
      loss: {type: choice, values: [3, 1, 2]}
    objective: {goal: minimize, primary_metric: loss}
    limits: {max_total_trials: 10, max_concurrent_trials: 2, timeout: 600}
  read:
    command: cat ${{inputs.model}}/said
    environment: azureml:bare:1
    inputs: {model: {type: custom_model, path: "${{parent.jobs.search.outputs.model}}"}}
"""


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


def _sent(jobs: JobPlatform, folder: Path, *, job: str = JOB, trial: str = TRIAL) -> str:
    from azure.ai.ml import load_job

    (folder / "src").mkdir(exist_ok=True)
    (folder / "src" / "log.py").write_text(LOG)
    (folder / "trial.yml").write_text(trial)
    (folder / "job.yml").write_text(job)
    return str(jobs.azure_ml.client().jobs.create_or_update(load_job(folder / "job.yml")).name)


def _below(jobs: JobPlatform, run: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = jobs.history(f"runs/{run}/children")["value"]
    return found


def test_the_best_trial_is_what_the_next_step_reads(jobs: JobPlatform, tmp_path: Path) -> None:
    name = _sent(jobs, tmp_path)
    assert jobs.wait(name)["status"] == "Completed", jobs.why(name)
    search, read = jobs.steps(name)["search"], jobs.steps(name)["read"]
    trials = _below(jobs, search["runId"])
    assert [one["runId"] for one in trials] == [f"{search['runId']}_{index}" for index in range(3)]
    assert search["properties"]["best_child_run_id"] == f"{search['runId']}_1"
    assert jobs.log(read["runId"]).strip() == "drawn 1"
    assert "best" in jobs.outputs(name)


def test_one_failed_trial_fails_neither_the_sweep_nor_the_pipeline(jobs: JobPlatform, tmp_path: Path) -> None:
    trial = TRIAL.replace("command: ", "command: test ${{inputs.loss}} != 1 && ")
    name = _sent(jobs, tmp_path, trial=trial)
    assert jobs.wait(name)["status"] == "Completed", jobs.why(name)
    search = jobs.steps(name)["search"]
    trials = _below(jobs, search["runId"])
    said = [jobs.error(one["runId"]) for one in trials if one["status"] == "Failed"]
    assert [one["status"] for one in trials] == ["Completed", "Failed", "Completed"], said
    assert jobs.log(jobs.steps(name)["read"]["runId"]).strip() == "drawn 2"


def test_when_every_trial_fails_the_sweep_does_and_what_reads_it_never_starts(
    jobs: JobPlatform, tmp_path: Path
) -> None:
    name = _sent(jobs, tmp_path, trial=TRIAL.replace("command: ", "command: false && "))
    assert jobs.wait(name)["status"] == "Failed"
    steps = jobs.steps(name)
    assert steps["search"]["status"] == "Failed"
    assert "Trials that failed: search/0, search/1, search/2" in jobs.error(steps["search"]["runId"])
    assert "read" not in steps


def test_a_sweep_as_a_step_is_checked_as_any_step_is(jobs: JobPlatform, tmp_path: Path) -> None:
    with pytest.raises(HttpResponseError, match=r"jobs\.search\.inputs\.loss: got 'many'"):
        _sent(jobs, tmp_path, job=JOB.replace("[3, 1, 2]", "[many]"))
    with pytest.raises(
        HttpResponseError, match=r"jobs\.search\.search_space: loss, expected choices only|got loss"
    ):
        _sent(
            jobs,
            tmp_path,
            job=JOB.replace(
                "{type: choice, values: [3, 1, 2]}", "{type: uniform, min_value: 0, max_value: 1}"
            ),
        )
