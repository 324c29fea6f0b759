"""Protects: jobs as people write them for `az ml`, sent by the unmodified client, run truly or are refused with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from azure.core.exceptions import HttpResponseError

from tests.contract.job_platform import ENDED, JobPlatform, job_platform

# An inline command has no `type`, its outputs may be declared by their names alone, the image has no tag.
INLINE = """
type: pipeline
display_name: inline commands
compute: azureml:wide
inputs: {greeting: good morning}
jobs:
  first:
    command: >-
      echo "${{inputs.words}}" && echo "made" >> ${{outputs.artifacts}}/made.txt && echo kept > ./outputs/kept.txt
    environment: {image: python}
    inputs: {words: "${{parent.inputs.greeting}}"}
    outputs: {artifacts: }
  second:
    command: cat ${{inputs.from_first}}/made.txt && cat ${{inputs.from_first}}/outputs/kept.txt
    environment: {image: python}
    inputs: {from_first: "${{parent.jobs.first.outputs.artifacts}}"}
"""
SERVERLESS_FILE = """
type: pipeline
settings: {default_compute: azureml:serverless, default_datastore: azureml:workspaceblobstore}
outputs:
  report: {type: uri_file, path: "azureml://datastores/workspaceblobstore/paths/${{name}}/report.txt", mode: rw_mount}
jobs:
  write:
    command: echo written > ${{outputs.report}}
    environment: {image: "library/python:latest"}
    outputs: {report: "${{parent.outputs.report}}"}
"""
NAMED_OUTPUTS = """
type: command
command: echo weights > ${{outputs.model}}/w && echo rows > ${{outputs.table}}
environment: {image: "python:3.11"}
compute: azureml:wide
outputs:
  model: {type: custom_model, name: written_by_a_job}
  table: {type: uri_file, name: rows_of_a_job}
"""
SWEEP = """
type: sweep
compute: azureml:wide
trial:
  command: test ${{search_space.word}} = here && echo ${{inputs.fixed}} ${{search_space.rate}}
  environment: {image: "python:3.11"}
inputs: {fixed: 0.5}
sampling_algorithm: random
search_space:
  word: {type: choice, values: [here, there]}
  rate: {type: uniform, min_value: 0.1, max_value: 1.0}
objective: {goal: minimize, primary_metric: nothing_logged}
limits: {max_total_trials: 8, max_concurrent_trials: 4, timeout: 600}
"""
PIPELINE_COMPONENT = """
type: pipeline
name: trains_by_default
inputs:
  rounds: {type: integer, default: 3}
  plan: {type: string, default: steady}
outputs:
  kept: {type: uri_folder}
jobs:
  train:
    command: echo ${{inputs.rounds}} ${{inputs.plan}} > ${{outputs.kept}}/said && cat ${{outputs.kept}}/said
    environment: {image: "python:3.11"}
    inputs: {rounds: "${{parent.inputs.rounds}}", plan: "${{parent.inputs.plan}}"}
    outputs: {kept: "${{parent.outputs.kept}}"}
"""
TWICE = """
type: pipeline
settings: {default_compute: azureml:wide}
inputs: {many: 20}
jobs:
  short: {type: pipeline, component: ./component.yml}
  long: {type: pipeline, component: ./component.yml, inputs: {rounds: "${{parent.inputs.many}}"}}
"""
SCHEDULE = """
name: hourly_greeting
trigger: {type: cron, expression: "0 * * * *", time_zone: Pacific Standard Time, start_time: "2022-07-10T10:00:00"}
create_job:
  type: pipeline
  job: ./job.yml
  inputs: {greeting: "${{name}}"}
"""


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


@pytest.fixture(scope="module")
def client(jobs: JobPlatform) -> Iterator[Any]:
    environment = {**jobs.emulator.environment("deployer")}
    with patch.dict("os.environ", environment):
        yield jobs.azure_ml.client()


def _submitted(client: Any, folder: Path, text: str) -> str:
    from azure.ai.ml import load_job

    (folder / "job.yml").write_text(text)
    return str(client.jobs.create_or_update(load_job(folder / "job.yml")).name)


def _step(jobs: JobPlatform, job: str, name: str) -> str:
    """The run of a step by the name that people read."""
    rows = jobs.history(f"runs/{job}/children")["value"]
    return str(next(row["runId"] for row in rows if row["displayName"] == name))


def test_inline_commands_without_a_type_share_an_output_called_artifacts(
    jobs: JobPlatform, client: Any, tmp_path: Path
) -> None:
    name = _submitted(client, tmp_path, INLINE)
    assert jobs.wait(name)["status"] == "Completed"
    assert jobs.log(_step(jobs, name, "first")).strip() == "good morning"
    assert jobs.log(_step(jobs, name, "second")).strip() == "made\nkept"


def test_a_named_file_is_written_on_serverless_compute(
    jobs: JobPlatform, client: Any, tmp_path: Path
) -> None:
    name = _submitted(client, tmp_path, SERVERLESS_FILE)
    assert jobs.wait(name)["status"] == "Completed"
    run = _step(jobs, name, "write")
    assert jobs.record(run)["outputs"]["report"]["uri"].endswith("/report.txt")


def test_named_outputs_are_assets_that_the_client_finds(
    jobs: JobPlatform, client: Any, tmp_path: Path
) -> None:
    name = _submitted(client, tmp_path, NAMED_OUTPUTS)
    assert jobs.wait(name)["status"] == "Completed", jobs.error(name)
    model = client.models.get("written_by_a_job", version="1")
    assert (model.type, model.job_name) == ("custom_model", name)
    assert client.data.get("rows_of_a_job", label="latest").type == "uri_file"


def test_a_version_for_a_command_job_s_output_is_refused_as_recorded(client: Any, tmp_path: Path) -> None:
    """The api-version with which azure-ai-ml 1.35.2 sends command jobs has no such member."""
    versioned = NAMED_OUTPUTS.replace("name: written_by_a_job}", 'name: written_by_a_job, version: "4"}')
    with pytest.raises(HttpResponseError, match="Could not find member 'assetVersion'"):
        _submitted(client, tmp_path, versioned)


def test_a_sweep_runs_its_trials(jobs: JobPlatform, client: Any, tmp_path: Path) -> None:
    name = _submitted(client, tmp_path, SWEEP)
    assert jobs.wait(name, until=ENDED)["status"] == "Completed"
    trials = jobs.history(f"runs/{name}/children")["value"]
    assert len(trials) == 8
    done = [trial["runId"] for trial in trials if trial["status"] == "Completed"]
    assert all(jobs.log(run).startswith("0.5 0.") for run in done)
    assert client.jobs.get(name).search_space["word"].values == ["here", "there"]


def test_a_pipeline_component_is_used_twice_with_its_defaults(
    jobs: JobPlatform, client: Any, tmp_path: Path
) -> None:
    (tmp_path / "component.yml").write_text(PIPELINE_COMPONENT)
    name = _submitted(client, tmp_path, TWICE)
    assert jobs.wait(name)["status"] == "Completed"
    said = {
        node: jobs.log(_step(jobs, _step(jobs, name, node), "train")).strip() for node in ("short", "long")
    }
    assert said == {"short": "3 steady", "long": "20 steady"}


def test_a_schedules_job_knows_its_own_name(jobs: JobPlatform, client: Any, tmp_path: Path) -> None:
    from azure.ai.ml.entities._load_functions import load_schedule

    (tmp_path / "job.yml").write_text(INLINE)
    (tmp_path / "schedule.yml").write_text(SCHEDULE)
    client.schedules.begin_create_or_update(load_schedule(tmp_path / "schedule.yml")).result()
    name = client.schedules.trigger("hourly_greeting").job_name
    assert jobs.wait(name)["status"] == "Completed"
    assert jobs.log(_step(jobs, name, "first")).strip() == name


def test_what_is_not_emulated_is_refused_by_name(client: Any, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "count.py").write_text("print(1)\n")
    spark = """
type: pipeline
jobs:
  count:
    type: spark
    code: ./src
    entry: {file: count.py}
    conf: {spark.driver.cores: 1, spark.driver.memory: 2g, spark.executor.cores: 1, spark.executor.memory: 2g,
      spark.executor.instances: 1}
    resources: {instance_type: standard_e4s_v3, runtime_version: "3.4"}
"""
    with pytest.raises(HttpResponseError, match="steps of type 'spark' are not emulated"):
        _submitted(client, tmp_path, spark)
