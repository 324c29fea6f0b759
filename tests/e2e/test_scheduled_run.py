"""Protects runs that Azure hides the definition of: a schedule's is followed and judged, a batch endpoint's never released."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import yaml

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


def _as_component(definition: dict[str, Any]) -> dict[str, Any]:
    """The very pipeline that a schedule starts, as a pipeline component."""

    def node(step: dict[str, Any]) -> dict[str, Any]:
        name, version = step["componentId"].split("/components/")[1].split("/versions/")
        bound = {
            words: {key: one.get("value") or one.get("uri") for key, one in (step.get(words) or {}).items()}
            for words in ("inputs", "outputs")
        }
        return {"type": "command", "component": f"azureml:{name}:{version}", **bound}

    inputs = {
        name: {"type": "number", "default": float(one["value"])}
        if one["jobInputType"] == "literal"
        else {"type": one["jobInputType"]}
        for name, one in definition["inputs"].items()
    }
    outputs = {name: {"type": one["jobOutputType"]} for name, one in definition["outputs"].items()}
    steps = {name: node(step) for name, step in definition["jobs"].items()}
    return {
        "name": "claims_whole",
        "version": "1",
        "type": "pipeline",
        "inputs": inputs,
        "outputs": outputs,
        "jobs": steps,
    }


def test_a_run_of_a_batch_endpoint_shows_its_component_and_is_never_released(
    platform: ProjectCopy, job: str
) -> None:
    shell = platform.client_environment()
    group = f"/subscriptions/{shell['AZURE_SUBSCRIPTION_ID']}/resourceGroups/{shell['AZURE_RESOURCE_GROUP']}"
    workspaces = f"{group}/providers/Microsoft.MachineLearningServices/workspaces"
    address = f"{workspaces}/{shell['AZUREML_WORKSPACE_NAME']}/schedules/{SCHEDULE}"
    schedule = platform.arm(address, "2023-06-01-preview")
    definition = schedule["properties"]["action"]["jobDefinition"]
    file = platform.root / "whole.yml"
    file.write_text(yaml.safe_dump(_as_component(definition)))
    data = {
        name: (one["jobInputType"], one["uri"])
        for name, one in definition["inputs"].items()
        if one["jobInputType"] != "literal"
    }
    made = in_python(
        platform,
        "alice",
        f"{CLIENT}from azure.ai.ml import Input, load_component\n"
        "from azure.ai.ml.entities import BatchEndpoint, PipelineComponentBatchDeployment\n"
        f"whole = client.components.create_or_update(load_component({str(file)!r}))\n"
        "client.batch_endpoints.begin_create_or_update(BatchEndpoint(name='releases')).result()\n"
        "settings = {'default_compute': 'azureml:cpu-cluster', 'continue_on_step_failure': 'false'}\n"
        "made = PipelineComponentBatchDeployment(\n"
        "    name='whole', endpoint_name='releases', component=whole.id, settings=settings)\n"
        "client.batch_deployments.begin_create_or_update(made).result()\n"
        f"inputs = {{name: Input(type=kind, path=path) for name, (kind, path) in {data!r}.items()}}\n"
        "print(client.batch_endpoints.invoke('releases', deployment_name='whole', inputs=inputs).name)",
    ).strip()
    streamed = acting(platform, "alice", "job", "stream", made)
    assert streamed.returncode == 0, said(streamed)
    shown = platform.plumbline("job", "show", made, "--stack", "local", "--output", "json")
    assert json.loads(shown.stdout)["component"] == "azureml:claims_whole:1"
    assert "none of a job that a batch endpoint made, here deployment whole of releases" in shown.stderr
    judged = acting(platform, "bob", "model", "approve", made, "--allow-uncommitted")
    assert judged.returncode == 1
    assert "none of a job that a batch endpoint made, here deployment whole of releases" in judged.stderr
    assert "gate (claims_gate:h1" in judged.stderr
    again = acting(platform, "alice", "job", "rerun", made)
    assert again.returncode == 1
    assert "Start it as it was started" in again.stderr


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
