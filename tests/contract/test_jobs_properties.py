"""Protects: what the service wrote of a run stands; callers add properties of their own and change none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.job_platform import JOB_VERSION, JobPlatform, job_platform


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


def _patch(jobs: JobPlatform, run: str, properties: dict[str, Any]) -> Any:
    return jobs.emulator.request(
        "PATCH",
        f"/history/v1.0{jobs.azure_ml.workspace_id}/experiments/tests/runs/{run}",
        api_version=None,
        json={"properties": properties, "tags": {"seen": "yes"}},
    )


def test_who_reused_a_result_cannot_be_hidden(jobs: JobPlatform) -> None:
    body = jobs.pipeline({"a": jobs.step("echo same")})
    jobs.run(body)
    name, _ = jobs.run(body)
    step = jobs.steps(name)["a"]
    assert step["properties"]["azureml.isreused"] == "true"
    for change in (
        {"azureml.isreused": "false"},
        {"azureml.reusedrunid": "another"},
        {"azureml.reusedby": "nobody"},
        {"AzureML.new": "1"},
        {"note": "mine", "azureml.isreused": "false"},
    ):
        answer = _patch(jobs, step["runId"], change)
        assert answer.status_code == 400, change
        assert answer.json()["error"]["code"] == "UserError"
        assert "Run properties are immutable" in answer.json()["error"]["message"]
    again = jobs.steps(name)["a"]
    assert again["properties"] == step["properties"]
    assert again["tags"] == step["tags"], "nothing of a refused request is kept"


def test_own_properties_are_added_once_and_what_was_got_may_be_sent_back(jobs: JobPlatform) -> None:
    name, before = jobs.run(jobs.command("echo properties"))
    assert _patch(jobs, name, {"reviewer": "ann", **before["properties"]}).status_code == 200
    assert _patch(jobs, name, {"reviewer": "ann"}).status_code == 200
    refused = _patch(jobs, name, {"reviewer": "bob"})
    assert refused.status_code == 400
    assert "the property 'reviewer' is set already" in refused.json()["error"]["message"]
    run = jobs.history(f"runs/{name}")
    assert run["properties"] == {**before["properties"], "reviewer": "ann"}


def test_a_second_put_of_a_job_adds_properties_and_changes_none(jobs: JobPlatform) -> None:
    body = jobs.pipeline({"a": jobs.step("echo put")})
    name, before = jobs.run(body)
    put = {"reviewer": "ann", "azureml.runsource": "azureml.PipelineRun"}
    assert jobs.send({**body, "properties": put}, name).status_code == 200
    for change in ({"azureml.runsource": "mine"}, {"azureml.extra": "1"}, {"reviewer": "bob"}):
        assert jobs.send({**body, "properties": change}, name).status_code == 400, change
    after = jobs.azure_ml.get(f"jobs/{name}")["properties"]["properties"]
    assert after == {**before["properties"], "reviewer": "ann"}


def test_a_submission_cannot_speak_in_the_services_name(jobs: JobPlatform) -> None:
    given = {
        "azureml.runsource": "mine",
        "azureml.continue_on_step_failure": "False",
        "azureml.git.dirty": "False",
        "note": "mine",
    }
    body = {**jobs.pipeline({"a": jobs.step("echo submitted")}), "properties": given}
    name = jobs.submit(body)
    found = jobs.wait(name)["properties"]
    assert found["azureml.runsource"] == "azureml.PipelineRun"
    assert found["azureml.continue_on_step_failure"] == "True"
    assert (found["azureml.git.dirty"], found["note"]) == ("False", "mine"), "what clients add stays"
    job = jobs.emulator.request(
        "GET", f"{jobs.azure_ml.workspace_id}/jobs/{name}", api_version=JOB_VERSION
    ).json()
    assert job["properties"]["properties"] == found
