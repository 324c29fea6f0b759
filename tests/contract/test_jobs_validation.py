"""Protects: what Azure refuses at submission is refused with 400, all problems at once, and nothing is started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.job_platform import JobPlatform, job_platform, produced

FOLDER = {"type": "uri_folder"}


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


def _refusal(jobs: JobPlatform, body: dict[str, Any]) -> str:
    answer = jobs.send(body, "refused")
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == "UserError"
    assert (
        jobs.azure_ml.emulator.request(
            "GET", f"{jobs.azure_ml.workspace_id}/jobs/refused", api_version="2024-01-01-preview"
        ).status_code
        == 404
    )
    return str(answer.json()["error"]["message"])


def test_every_problem_of_a_pipeline_is_named_at_once(jobs: JobPlatform) -> None:
    declared = {
        "n": {"type": "integer", "min": "1", "max": "3"},
        "flag": {"type": "boolean"},
        "d": FOLDER,
        "kind": {"type": "string", "enum": ["a", "b"]},
    }
    good = {"n": 2, "flag": "true", "kind": "a"}
    data = {"d": produced("make", "o")}
    nodes = {
        "make": jobs.step("true # make", outputs={"o": FOLDER}),
        "range": jobs.step("true # 1", inputs=declared, bind={**good, **data, "n": 9}),
        "words": jobs.step(
            "true # 2", inputs=declared, bind={**good, **data, "flag": "perhaps", "kind": "c"}
        ),
        "lonely": jobs.step("true # 3", inputs=declared, bind={**good}),
        "extra": jobs.step("true # 4", inputs=declared, bind={**good, **data, "unknown": 1}),
        "nowhere": jobs.step("true # 5", inputs=declared, bind={**good, "d": produced("make", "nothing")}),
        "parent": jobs.step(
            "true # 6", inputs={"n": {"type": "integer"}}, bind={"n": "${{parent.inputs.absent}}"}
        ),
        "literal": jobs.step("true # 7", inputs={"d": FOLDER}, bind={"d": "text"}),
        "command": jobs.step("echo ${{inputs.other}}"),
        "machine": jobs.step("true # 8", computeId=f"{jobs.azure_ml.workspace_id}/computes/nosuch"),
        "big": jobs.step("true # 9", resources={"instance_count": 9}),
        "spark": {"type": "spark", "inputs": {}, "outputs": {}},
    }
    message = _refusal(jobs, jobs.pipeline(nodes))
    for expected in (
        "jobs.range.inputs.n: got 9, expected a value from 1 to 3",
        "jobs.words.inputs.flag: got 'perhaps', expected a boolean",
        "jobs.words.inputs.kind: got 'c', expected one of a, b",
        "jobs.lonely.inputs.d: a required input is not set",
        "jobs.extra.inputs.unknown",
        "'${{parent.jobs.make.outputs.nothing}}' binds to an output that no step has",
        "'${{parent.inputs.absent}}' binds to an input that the pipeline does not have",
        "jobs.literal.inputs.d: got the literal 'text'",
        "jobs.command.command: refers to an input 'other'",
        "compute 'nosuch' does not exist",
        "got 9 nodes, but compute 'wide' has at most 4",
        "jobs.spark.type: steps of type 'spark' are not emulated",
    ):
        assert expected in message


def test_a_missing_component_is_told_alone_and_before_anything_else(jobs: JobPlatform) -> None:
    missing = f"{jobs.azure_ml.workspace_id}/components/nosuch/versions/7"
    nodes = {
        "gone": {"type": "command", "componentId": missing, "inputs": {}, "outputs": {}},
        "other": {"type": "command", "componentId": "azureml:neither:1", "inputs": {}, "outputs": {}},
        "command": jobs.step("echo ${{inputs.other}}"),
    }
    answer = jobs.send(jobs.pipeline(nodes))
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert error["code"] == "NotFound"
    assert error["message"] == f"key: {missing}, Message: Not found component nosuch (version: 7)."


def test_a_cycle_is_refused(jobs: JobPlatform) -> None:
    nodes = {
        name: jobs.step(
            f"true # {name}", inputs={"i": FOLDER}, outputs={"o": FOLDER}, bind={"i": produced(other, "o")}
        )
        for name, other in (("a", "b"), ("b", "a"))
    }
    assert "the steps a, b wait for one another in a cycle" in _refusal(jobs, jobs.pipeline(nodes))


def test_an_unknown_compute_of_a_command_job_is_refused_alone(jobs: JobPlatform) -> None:
    """Source: recorded session of test_command_job_register_output, 2023-11-05."""
    body = jobs.command(
        "true",
        environmentId="azureml:nosuch:1",
        computeId=f"{jobs.azure_ml.workspace_id}/computes/nosuch",
    )
    assert _refusal(jobs, body) == "Unknown compute target 'nosuch'."


def test_missing_data_assets_environments_and_computes_are_refused(jobs: JobPlatform) -> None:
    missing = {"d": {"jobInputType": "uri_folder", "uri": "azureml:nosuch:1"}}
    body = jobs.command(
        "ls ${{inputs.d}}",
        inputs=missing,
        environmentId="azureml:nosuch:1",
    )
    message = _refusal(jobs, body)
    assert all(
        part in message
        for part in (
            "the asset 'azureml:nosuch:1' does not exist",
            "environment 'azureml:nosuch:1' could not be resolved",
        )
    )
    pipeline = jobs.pipeline({"a": jobs.step("true")})
    del pipeline["settings"]["default_compute"]
    assert "the step has no compute" in _refusal(jobs, pipeline)


def test_a_value_cannot_become_an_asset(jobs: JobPlatform) -> None:
    step = jobs.step("echo 1 > ${{outputs.n}}", outputs={"n": {"type": "integer"}})
    step["outputs"] = {"n": {"type": "integer", "name": "kept"}}
    assert "a value of type integer cannot become an asset" in _refusal(jobs, jobs.pipeline({"a": step}))


def test_other_kinds_of_jobs_are_not_modelled(jobs: JobPlatform) -> None:
    assert jobs.send({"jobType": "AutoML"}).status_code == 501


def test_a_job_that_is_there_keeps_what_it_ran_and_takes_new_tags(jobs: JobPlatform) -> None:
    body = jobs.command("echo once")
    name, _ = jobs.run(body)
    changed = jobs.send(
        {**body, "tags": {"release": "7"}, "displayName": "Shown", "description": "Why"}, name
    )
    assert changed.status_code == 200
    properties = jobs.azure_ml.get(f"jobs/{name}")["properties"]
    assert (properties["tags"], properties["displayName"], properties["description"]) == (
        {"release": "7"},
        "Shown",
        "Why",
    )
    refused = jobs.send({**body, "command": "echo twice"}, name)
    assert refused.status_code == 400
    assert "A job with this name already exists" in refused.json()["error"]["message"]
    assert jobs.log(name).strip() == "once"


def test_lists_filter_by_tag_kind_and_view_and_page(jobs: JobPlatform) -> None:
    names = [
        jobs.submit(jobs.command(f"echo {number}", tags={"batch": "many", "n": str(number)}))
        for number in range(52)
    ]
    for name in names:
        jobs.wait(name)
    first = jobs.azure_ml.get("jobs", tag="batch=many")
    second = jobs.emulator.request("GET", first["nextLink"], api_version=None).json()
    assert [job["name"] for job in first["value"] + second["value"]] == names[::-1]
    assert len(first["value"]) == 50
    assert "nextLink" not in second
    assert [job["name"] for job in jobs.azure_ml.get("jobs", tag="n=7")["value"]] == [names[7]]
    assert all(
        job["properties"]["jobType"] == "Pipeline"
        for job in jobs.azure_ml.get("jobs", jobType="Pipeline")["value"]
    )
    jobs.emulator.request(
        "PATCH",
        f"/history/v1.0{jobs.azure_ml.workspace_id}/experiments/tests/runs/{names[7]}",
        api_version=None,
        json={"hidden": True},
    )
    assert jobs.azure_ml.get("jobs", tag="n=7")["value"] == []
    assert len(jobs.azure_ml.get("jobs", tag="n=7", listViewType="ArchivedOnly")["value"]) == 1


def test_an_interactive_service_is_named_as_not_emulated(jobs: JobPlatform) -> None:
    services = {"notebook": {"jobServiceType": "JupyterLab"}}
    name, properties = jobs.run(jobs.command("echo on its own", services=services))
    assert properties["status"] == "Completed"
    warnings = [warning["message"] for warning in jobs.details(name)["warnings"]]
    assert warnings == ["the service notebook (JupyterLab) is not emulated: nobody can attach to this run"]


def test_a_distribution_that_nobody_starts_here_is_refused_by_name(jobs: JobPlatform) -> None:
    answer = jobs.send(jobs.command("true", distribution={"distributionType": "Ray", "port": 6379}))
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented")
    assert "a distribution of type 'ray' is not emulated, only pytorch, tensorflow, mpi" in answer.text
    step = jobs.step("true", distribution={"type": "horovod"})
    assert "a distribution of type 'horovod' is not emulated" in _refusal(jobs, jobs.pipeline({"one": step}))


def test_what_only_is_not_modelled_answers_501_and_what_follows_from_it_is_no_problem(
    jobs: JobPlatform,
) -> None:
    steps = {
        "each": {"type": "parallel_for", "items": ["a"], "body": "${{parent.jobs.after}}"},
        "after": jobs.step("true", inputs={"x": {"type": "uri_folder"}}, bind={"x": produced("each", "out")}),
    }
    answer = jobs.send(jobs.pipeline(steps))
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented")
    assert "jobs.each.type: steps of type 'parallel_for'" in answer.json()["error"]["message"]
    assert "after" not in answer.json()["error"]["message"]
