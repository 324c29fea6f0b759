"""Protects: the unmodified MLClient submits, streams, lists, reads, downloads and cancels; errors reach its user."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.contract.job_platform import JobPlatform, job_platform

PIPELINE = """
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
display_name: two steps
experiment_name: client
inputs: {{word: hello}}
outputs: {{kept: {{type: uri_folder}}}}
settings: {{default_compute: azureml:wide}}
jobs:
  make:
    type: command
    component: ./make.yml
    inputs:
      word: ${{{{parent.inputs.word}}}}
  check:
    type: command
    component: ./check.yml
    inputs:
      data: ${{{{parent.jobs.make.outputs.out}}}}
      expected: {expected}
    outputs:
      kept: ${{{{parent.outputs.kept}}}}
"""
MAKE = """
name: client_make
version: "1"
type: command
inputs: {word: {type: string}}
outputs: {out: {type: uri_folder}}
code: ./src
environment: azureml:bare:1
command: python make.py ${{inputs.word}} ${{outputs.out}}; sleep 1
"""
CHECK = """
name: client_check
version: "1"
type: command
inputs: {data: {type: uri_folder}, expected: {type: string}}
outputs: {kept: {type: uri_folder}}
code: ./src
environment: azureml:bare:1
command: python check.py ${{inputs.data}} ${{inputs.expected}} ${{outputs.kept}}
"""


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with (
        job_platform(azure_noise=True) as platform,
        patch.dict("os.environ", {"AZUREML_RUN_POLLING_INTERVAL_MIN": "1"}),
    ):
        yield platform


def _definition(folder: Path, expected: str) -> Path:
    source = folder / "src"
    source.mkdir()
    (source / "make.py").write_text(
        "import sys\nprint('making', sys.argv[1])\nopen(sys.argv[2] + '/word.txt', 'w').write(sys.argv[1])\n"
    )
    (source / "check.py").write_text(
        "import sys, os\nword = open(sys.argv[1] + '/word.txt').read()\n"
        "assert word == sys.argv[2], f'got {word}, expected {sys.argv[2]}'\n"
        "open(sys.argv[3] + '/verdict.txt', 'w').write('good')\nopen('outputs/extra.txt', 'w').write('extra')\n"
    )
    (folder / "make.yml").write_text(MAKE)
    (folder / "check.yml").write_text(CHECK)
    (folder / "pipeline.yml").write_text(PIPELINE.format(expected=expected))
    return folder / "pipeline.yml"


def _submit(jobs: JobPlatform, path: Path) -> tuple[Any, Any]:
    from azure.ai.ml import load_job

    client = jobs.azure_ml.client()
    return client, client.jobs.create_or_update(load_job(path))


def test_a_pipeline_is_submitted_streamed_listed_and_downloaded(
    jobs: JobPlatform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client, job = _submit(jobs, _definition(tmp_path, "hello"))
    client.jobs.stream(job.name)
    printed = capsys.readouterr().out
    assert "step make" in printed
    assert "Execution Summary" in printed
    assert job.services["Studio"].endpoint.split("&tid")[0] in printed
    done = client.jobs.get(job.name)
    assert done.status == "Completed"
    children = list(client.jobs.list(parent_job_name=job.name))
    assert sorted(child.display_name for child in children) == ["check", "make"]
    assert {child.status for child in children} == {"Completed"}
    assert job.name in [one.name for one in client.jobs.list()]
    make = next(child for child in children if child.display_name == "make")
    assert client.jobs.get(make.name).status == "Completed"

    client.jobs.download(job.name, download_path=tmp_path / "one", output_name="kept")
    assert (tmp_path / "one/named-outputs/kept/verdict.txt").read_text() == "good"
    check = next(child for child in children if child.display_name == "check")
    client.jobs.download(check.name, download_path=tmp_path / "all", all=True)
    found = {
        path.relative_to(tmp_path / "all").as_posix()
        for path in (tmp_path / "all").rglob("*")
        if path.is_file()
    }
    assert {
        "named-outputs/kept/verdict.txt",
        "artifacts/user_logs/std_log.txt",
        "artifacts/outputs/extra.txt",
        "artifacts/system_logs/run_record.json",
    } <= found
    client.jobs.download(job.name, download_path=tmp_path / "job", all=True)
    assert (tmp_path / "job/artifacts/logs/azureml/executionlogs.txt").exists()


def test_a_failing_steps_error_reaches_who_streams_it(jobs: JobPlatform, tmp_path: Path) -> None:
    from azure.ai.ml.exceptions import JobException

    client, job = _submit(jobs, _definition(tmp_path, "other"))
    with pytest.raises(JobException, match=r"Pipeline has failed child jobs\. Failed nodes: /check"):
        client.jobs.stream(job.name)
    assert "AssertionError: got hello, expected other" in jobs.why(job.name)


def test_a_command_reads_a_data_asset_and_tells_where_its_logs_lie(jobs: JobPlatform, tmp_path: Path) -> None:
    """The client streams a command's logs from that place, which azure-ai-ml 1.35.2 can only do with an account key."""
    from azure.ai.ml import Input, command
    from azure.ai.ml.entities import Data

    client = jobs.azure_ml.client()
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "a.csv").write_text("1,2\n")
    data = client.data.create_or_update(
        Data(name="rows", version="1", path=str(tmp_path / "rows"), type="uri_folder")
    )
    job = client.jobs.create_or_update(
        command(
            command="sleep 1; cat ${{inputs.rows}}/a.csv",
            environment="bare@latest",
            compute="wide",
            experiment_name="client",
            inputs={"rows": Input(type="uri_folder", path=f"azureml:{data.name}:{data.version}")},
        )
    )
    assert jobs.wait(job.name)["status"] == "Completed"
    assert jobs.log(job.name).strip() == "1,2"
    logs = client.jobs.get(job.name).outputs["default"].path
    assert logs == f"azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.{job.name}"
    client.jobs.download(job.name, download_path=tmp_path / "logs")
    assert (tmp_path / "logs/artifacts/user_logs/std_log.txt").read_text().strip() == "1,2"
    assert jobs.record(job.name)["inputs"]["rows"]["asset"].endswith("/data/rows/versions/1")


def test_a_nodes_mode_reaches_the_step_from_a_file(jobs: JobPlatform, tmp_path: Path) -> None:
    from azure.ai.ml import load_job

    (tmp_path / "make.yml").write_text(
        "name: mode_make\nversion: '1'\ntype: command\noutputs: {out: {type: uri_folder}}\n"
        "environment: azureml:bare:1\ncommand: echo 1 > ${{outputs.out}}/x\n"
    )
    (tmp_path / "read.yml").write_text(
        "name: mode_read\nversion: '1'\ntype: command\n"
        "inputs: {given: {type: uri_folder}, made: {type: uri_folder}}\n"
        "environment: azureml:bare:1\ncommand: echo ${{inputs.given}} ${{inputs.made}}\n"
    )
    (tmp_path / "pipeline.yml").write_text(
        "type: pipeline\nexperiment_name: client\nsettings: {default_compute: azureml:wide}\n"
        "inputs: {data: {type: uri_folder, path: 'azureml://datastores/workspaceblobstore/paths/some/'}}\n"
        "jobs:\n"
        "  make: {type: command, component: ./make.yml}\n"
        "  read:\n    type: command\n    component: ./read.yml\n    inputs:\n"
        "      given: {type: uri_folder, path: '${{parent.inputs.data}}', mode: direct}\n"
        "      made: {type: uri_folder, path: '${{parent.jobs.make.outputs.out}}', mode: direct}\n"
    )
    job = jobs.azure_ml.client().jobs.create_or_update(load_job(tmp_path / "pipeline.yml"))
    assert jobs.wait(job.name)["status"] == "Completed"
    steps = jobs.steps(job.name)
    assert jobs.log(steps["read"]["runId"]).split() == [
        "azureml://datastores/workspaceblobstore/paths/some/",
        f"azureml://datastores/workspaceblobstore/paths/azureml/{steps['make']['runId']}/out/",
    ]


def test_a_fetched_pipeline_job_takes_new_tags_and_properties_and_keeps_its_own(jobs: JobPlatform) -> None:
    from azure.core.exceptions import HttpResponseError

    client = jobs.azure_ml.client()
    name, before = jobs.run(jobs.pipeline({"a": jobs.step("echo fetched")}))
    fetched = client.jobs.get(name)
    fetched.tags = {"release": "7"}
    assert client.jobs.create_or_update(fetched).tags == {"release": "7"}
    assert client.jobs.update(name, properties={"reviewed": "yes"}).properties["reviewed"] == "yes"
    with pytest.raises(HttpResponseError, match="cannot be changed"):
        client.jobs.update(name, properties={"azureml.runsource": "mine"})
    after = jobs.azure_ml.get(f"jobs/{name}")["properties"]["properties"]
    assert after == {**before["properties"], "reviewed": "yes"}


def test_cancel_and_archive_by_the_client(jobs: JobPlatform) -> None:
    from azure.ai.ml import command
    from azure.core.exceptions import HttpResponseError

    client = jobs.azure_ml.client()
    job = client.jobs.create_or_update(
        command(command="sleep 7371", environment="bare@latest", compute="wide")
    )
    jobs.wait(job.name, until=("Running",))
    # Azure says no Retry-After, and the client waits 30 s then.
    client.jobs.begin_cancel(job.name, polling_interval=1).result()
    assert client.jobs.get(job.name).status == "Canceled"
    with pytest.raises(HttpResponseError, match="is in terminal status, it can't be canceled"):
        client.jobs.begin_cancel(job.name)
    client.jobs.archive(job.name)
    assert job.name not in [one.name for one in client.jobs.list()]
    client.jobs.restore(job.name)
    changed = client.jobs.get(job.name)
    changed.tags = {"kept": "yes"}
    client.jobs.create_or_update(changed)
    assert client.jobs.get(job.name).tags["kept"] == "yes"


def test_a_schedule_is_triggered_and_its_job_runs(jobs: JobPlatform) -> None:
    definition = {**jobs.pipeline({"a": jobs.step("echo scheduled")}), "displayName": "nightly"}
    jobs.put(
        "schedules/nightly",
        {
            "action": {"actionType": "CreateJob", "jobDefinition": definition},
            "trigger": {"triggerType": "Cron", "expression": "0 3 * * *", "timeZone": "UTC"},
        },
    )
    answer = jobs.azure_ml.emulator.request(
        "POST",
        f"{jobs.azure_ml.workspace_id}/schedules/nightly/trigger",
        api_version="2024-01-01-preview",
        json={"scheduleTime": "2026-03-01T02:00:00"},
    )
    assert answer.status_code == 200, answer.text
    name = answer.json()["submissionId"]
    properties = jobs.wait(name)
    assert properties["status"] == "Completed"
    assert properties["displayName"] == "nightly-20260301T020000Z"
    assert properties["properties"]["azureml.genericTriggerName"] == "nightly"
    hidden = ("jobs", "settings", "inputs", "outputs", "computeId")
    assert {member: properties.get(member) for member in hidden} == dict.fromkeys(hidden)
    assert jobs.log(jobs.steps(name)["a"]["runId"]).strip() == "scheduled"


def test_a_schedule_of_a_command_job_runs_it(jobs: JobPlatform) -> None:
    definition = {
        **jobs.command("echo ${{inputs.word}}"),
        "inputs": {"word": {"jobInputType": "literal", "value": "tidy"}},
    }
    jobs.put(
        "schedules/tidy",
        {
            "action": {"actionType": "CreateJob", "jobDefinition": definition},
            "trigger": {"triggerType": "Cron", "expression": "0 3 * * *", "timeZone": "UTC"},
        },
    )
    answer = jobs.azure_ml.emulator.request(
        "POST", f"{jobs.azure_ml.workspace_id}/schedules/tidy/trigger", api_version="2024-01-01-preview",
        json={"scheduleTime": "2026-03-01T02:00:00"},
    )  # fmt: skip
    name = answer.json()["submissionId"]
    assert jobs.wait(name)["status"] == "Completed"
    assert jobs.log(name).strip() == "tidy"


def test_a_schedules_expressions_are_filled_in_for_its_job(jobs: JobPlatform) -> None:
    step = jobs.step(
        "echo ${{inputs.run}} ${{inputs.at}}",
        inputs={"run": {"type": "string"}, "at": {"type": "string"}},
        bind={"run": "${{parent.inputs.run}}", "at": "${{parent.inputs.at}}"},
    )
    values = {"run": "${{name}}", "at": "${{creation_context.trigger_time}}"}
    inputs = {name: {"jobInputType": "literal", "value": value} for name, value in values.items()}
    jobs.put(
        "schedules/expressions",
        {
            "action": {"actionType": "CreateJob", "jobDefinition": jobs.pipeline({"a": step}, inputs=inputs)},
            "trigger": {"triggerType": "Cron", "expression": "0 3 * * *", "timeZone": "UTC"},
        },
    )
    result = jobs.azure_ml.client().schedules.trigger(
        "expressions", schedule_time="2026-03-01T02:00:00+00:00"
    )
    properties = jobs.wait(result.job_name)
    said = jobs.log(jobs.steps(result.job_name)["a"]["runId"]).split()
    assert said == [result.job_name, "2026-03-01T02:00:00+00:00"]
    assert json.loads(properties["properties"]["azureml.parameters"]) == dict(zip(values, said, strict=True))
