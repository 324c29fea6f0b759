"""Protects: a parallel step really runs: its input in mini-batches, workers of its own, retries, thresholds, rows in order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError

from tests.contract.job_platform import JobPlatform, job_platform

HEAD = """
type: pipeline
settings: {default_compute: azureml:wide}
jobs:
  batch:
    type: parallel
    inputs:
      rows: {type: uri_folder, path: ./data, mode: direct}
      factor: 10
    outputs: {out: {type: uri_file}}
    input_data: ${{inputs.rows}}
    mini_batch_size: "2"
    resources: {instance_count: 2}
    max_concurrency_per_instance: 2
"""
TASK = """    task:
      type: run_function
      code: ./src
      entry_script: batch.py
      environment: azureml:bare:1
      program_arguments: --factor ${{inputs.factor}}
      append_row_to: ${{outputs.out}}
"""
ENTRY = """import argparse, os, pathlib
def init():
    global factor
    parser = argparse.ArgumentParser()
    parser.add_argument("--factor", type=int)
    factor = parser.parse_known_args()[0].factor
    os.write(1, ("init " + os.environ.get("COLOUR", "") + "\\n").encode())
def run(mini_batch, context):
    os.write(1, f"batch {context.minibatch_index} {len(mini_batch)}\\n".encode())
    return [f"{pathlib.Path(one).name} {int(open(one).read()) * factor}" for one in mini_batch]
"""
FLAKY = """import pathlib
def run(mini_batch):
    [one] = [pathlib.Path(path) for path in mini_batch]
    seen = pathlib.Path("seen-" + one.name)
    if one.name == "a" and not seen.exists():
        seen.touch()
        raise ValueError("the first try of a")
    if one.name == "b":
        import os
        os._exit(3)
    if one.name == "c":
        return []
    return [one.name]
"""


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


def _files(folder: Path, entry: str, **data: str) -> None:
    for place, files in (("src", {"batch.py": entry}), ("data", data)):
        (folder / place).mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / place / name).write_text(text)


def _submitted(jobs: JobPlatform, folder: Path, text: str) -> tuple[str, str, str]:
    """Send a job with the official client: its name, its status in the end, the run of its step."""
    from azure.ai.ml import load_job

    (folder / "job.yml").write_text(text)
    name = str(jobs.azure_ml.client().jobs.create_or_update(load_job(folder / "job.yml")).name)
    status = jobs.wait(name)["status"]
    return name, status, jobs.steps(name)["batch"]["runId"]


def _rows(jobs: JobPlatform, step: str) -> str:
    given = {"f": {"jobInputType": "uri_file", "uri": jobs.record(step)["outputs"]["out"]["uri"]}}
    reader, properties = jobs.run(jobs.command("cat ${{inputs.f}}", inputs=given))
    assert properties["status"] == "Completed", jobs.error(reader)
    return jobs.log(reader)


def _warnings(jobs: JobPlatform, step: str) -> str:
    return " ".join(one["message"] for one in jobs.details(step).get("warnings", []))


def test_files_are_worked_on_in_mini_batches_and_the_rows_keep_their_order(
    jobs: JobPlatform, tmp_path: Path
) -> None:
    _files(tmp_path, ENTRY, **{f"f{index}": str(index) for index in range(5)})
    job = f"{HEAD}    environment_variables: {{COLOUR: green}}\n{TASK}"
    name, status, step = _submitted(jobs, tmp_path, job)
    assert status == "Completed", jobs.why(name)
    log = jobs.log(step)
    assert "[parallel] 3 mini-batches, 3 workers" in log
    assert 1 <= log.count("init green") <= 3, "a worker starts when there is something left for it"
    assert {line for line in log.splitlines() if line.startswith("batch")} == {"batch 0 2", "batch 1 2", "batch 2 1"}  # fmt: skip
    assert _rows(jobs, step).splitlines() == [f"f{index} {index * 10}" for index in range(5)]
    assert _warnings(jobs, step) == ""
    assert jobs.steps(name)["batch"]["properties"]["StepType"] == "ParallelRunStep"


def test_a_pipelines_input_says_how_many_nodes_a_parallel_step_has(jobs: JobPlatform, tmp_path: Path) -> None:
    _files(tmp_path, ENTRY, **{f"f{index}": str(index) for index in range(6)})
    bound = HEAD.replace("instance_count: 2", "instance_count: '${{parent.inputs.nodes}}'")
    job = f"{bound.replace('jobs:', 'inputs: {nodes: 3}' + chr(10) + 'jobs:', 1)}{TASK}".replace('"2"', '"1"')
    name, status, step = _submitted(jobs, tmp_path, job)
    assert status == "Completed", jobs.why(name)
    assert "[parallel] 6 mini-batches, 6 workers" in jobs.log(step)


def test_minus_one_stands_for_every_node_and_the_run_says_what_it_gets(
    jobs: JobPlatform, tmp_path: Path
) -> None:
    _files(tmp_path, ENTRY, **{f"f{index}": str(index) for index in range(6)})
    name, status, step = _submitted(
        jobs, tmp_path, f"{HEAD}{TASK}".replace("instance_count: 2", "instance_count: -1")
    )
    assert status == "Completed", jobs.why(name)
    assert "[parallel] 3 mini-batches, 2 workers" in jobs.log(step)
    assert "the workers of one node are started" in _warnings(jobs, step)


def test_a_mini_batch_is_tried_again_and_what_fails_is_counted_and_said(
    jobs: JobPlatform, tmp_path: Path
) -> None:
    _files(tmp_path, FLAKY, a="", b="", c="", d="")
    job = HEAD.replace('size: "2"', 'size: "1"') + "    retry_settings: {max_retries: 1, timeout: 30}\n"
    name, status, step = _submitted(jobs, tmp_path, f"{job}    mini_batch_error_threshold: 2\n{TASK}")
    assert status == "Completed", jobs.why(name)
    assert _rows(jobs, step).splitlines() == ["a", "d"]
    assert "2 of 4 mini-batches failed" in _warnings(jobs, step)
    told = jobs.file(name, "logs/azureml/executionlogs.txt")
    assert "step batch: warning: 2 of 4 mini-batches failed" in told
    log = jobs.log(step)
    for said in ("the first try of a", "mini-batch 1: gone", "got 0 results, expected one for each"):
        assert said in log
    name, status, step = _submitted(jobs, tmp_path, f"{job}    mini_batch_error_threshold: 1\n{TASK}")
    assert status == "Failed"
    assert "mini_batch_error_threshold: got 2 failed, expected at most 1" in jobs.log(step)


def test_a_script_that_cannot_be_loaded_fails_the_step_and_an_empty_input_is_said(
    jobs: JobPlatform, tmp_path: Path
) -> None:
    _files(tmp_path, "import nowhere_to_be_found\ndef run(batch): return batch\n", a="1")
    _, status, step = _submitted(jobs, tmp_path, HEAD + TASK)
    assert status == "Failed"
    assert "No module named 'nowhere_to_be_found'" in jobs.error(step)
    (tmp_path / "data" / "a").unlink()
    (tmp_path / "data" / "MLTable").write_text("type: mltable\npaths: [{pattern: ./*.csv}]\n")
    _, status, step = _submitted(jobs, tmp_path, HEAD.replace("uri_folder", "mltable", 1) + TASK)
    assert status == "Completed"
    assert "had no mini-batch" in _warnings(jobs, step)


def test_a_table_needs_pandas_and_an_unknown_transformation_is_named(
    jobs: JobPlatform, tmp_path: Path
) -> None:
    table = (
        "type: mltable\npaths: [{file: ./rows.csv}]\ntransformations: [read_delimited: {delimiter: ','}]\n"
    )
    _files(tmp_path, ENTRY, **{"rows.csv": "a,b\n1,2\n", "MLTable": table})
    job = HEAD.replace("uri_folder", "mltable", 1) + TASK
    _, status, step = _submitted(jobs, tmp_path, job)
    assert status == "Failed"
    assert "has no pandas" in jobs.log(step)
    sampled = table.replace("[read", "[take_random_sample: {probability: 0.1}, read")
    (tmp_path / "data" / "MLTable").write_text(sampled)
    _, _, step = _submitted(jobs, tmp_path, job)
    assert "the transformation take_random_sample is not emulated" in jobs.error(step)


def test_what_a_parallel_step_cannot_be_is_refused_at_once(jobs: JobPlatform, tmp_path: Path) -> None:
    _files(tmp_path, ENTRY, a="1")
    job = (HEAD + TASK).replace("input_data: ${{inputs.rows}}", "input_data: ${{inputs.factor}}")
    with pytest.raises(HttpResponseError, match="input_data: got the input 'factor', expected one with data"):
        _submitted(jobs, tmp_path, job)
