"""Protects: jobs as azure-ai-ml sends them: serverless in every spelling, whole pipeline components, labels, twins."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.job_platform import JobPlatform, job_platform, produced

FOLDER = {"type": "uri_folder"}


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


@pytest.fixture(scope="module")
def whole(jobs: JobPlatform) -> str:
    """A pipeline component with defaults, also in a group, and an output."""
    name = f"p{uuid.uuid4().hex[:8]}"
    node = {
        "type": "command",
        "componentId": jobs.component(
            "echo ${{inputs.word}} ${{inputs.flag}} > ${{outputs.o}}/said",
            inputs={"word": {"type": "string"}, "flag": {"type": "boolean"}},
            outputs={"o": FOLDER},
        ),
        "inputs": {
            "word": {"job_input_type": "literal", "value": "${{parent.inputs.word}}"},
            "flag": {"job_input_type": "literal", "value": "${{parent.inputs.group.flag}}"},
        },
        "outputs": {"o": {"value": "${{parent.outputs.kept}}", "type": "literal"}},
    }
    spec = {
        "name": name,
        "version": "1",
        "type": "pipeline",
        "inputs": {
            "word": {"type": "string", "default": "default"},
            "note": {"type": "string", "optional": True},
            "group": {"type": "group", "values": {"flag": {"type": "boolean", "default": "True"}}},
        },
        "outputs": {"kept": FOLDER},
        "jobs": {"say": node},
    }
    return str(jobs.put(f"components/{name}/versions/1", {"componentSpec": spec})["id"])


def _whole_job(jobs: JobPlatform, component: str, **rest: Any) -> dict[str, Any]:
    return {**jobs.pipeline({}), "componentId": component, **rest}


def _said(jobs: JobPlatform, name: str) -> str:
    record = jobs.record(jobs.steps(name)["say"]["runId"])
    return " ".join(str(record["inputs"][key]["value"]) for key in ("word", "flag"))


def test_serverless_is_one_thing_in_every_spelling(jobs: JobPlatform) -> None:
    arm = f"{jobs.azure_ml.workspace_id}/computes/serverless"
    for spelling in ("serverless", "azureml:serverless", arm, f"azureml:{arm}"):
        body = jobs.pipeline(
            {
                "one": jobs.step("echo here", is_deterministic=False),
                "two": jobs.step("echo there", computeId=spelling, is_deterministic=False),
            }
        )
        body["settings"]["default_compute"] = spelling
        _, properties = jobs.run(body)
        assert properties["status"] == "Completed", spelling
        _, properties = jobs.run(jobs.command("echo here", computeId=spelling))
        assert properties["status"] == "Completed", spelling


def test_an_output_called_artifacts_is_the_runs_own_folder(jobs: JobPlatform) -> None:
    make = jobs.step(
        "echo x > ${{outputs.artifacts}}/x", outputs={"artifacts": FOLDER}, promote={"artifacts": "artifacts"}
    )
    read = jobs.step("cat ${{inputs.i}}/x", inputs={"i": FOLDER}, bind={"i": produced("make", "artifacts")})
    outputs = {"artifacts": {"jobOutputType": "uri_folder"}}
    name, properties = jobs.run(jobs.pipeline({"make": make, "read": read}, outputs=outputs))
    assert properties["status"] == "Completed", jobs.error(name)
    assert jobs.log(jobs.steps(name)["read"]["runId"]).strip() == "x"
    name, properties = jobs.run(
        jobs.command(
            "echo y > ${{outputs.artifacts}}/y", outputs={"artifacts": {"jobOutputType": "uri_folder"}}
        )
    )
    assert properties["status"] == "Completed", jobs.error(name)
    own = {"y": {"jobInputType": "uri_file", "uri": f"azureml://jobs/{name}/outputs/artifacts/paths/y"}}
    reader, properties = jobs.run(jobs.command("cat ${{inputs.y}}", inputs=own))
    assert properties["status"] == "Completed", jobs.error(reader)
    assert jobs.log(reader).strip() == "y"


def test_a_job_may_be_a_pipeline_component(jobs: JobPlatform, whole: str) -> None:
    name, properties = jobs.run(_whole_job(jobs, whole))
    assert properties["status"] == "Completed"
    assert _said(jobs, name) == "default True"
    assert properties["properties"]["azureml.SourceComponentId"] == whole
    given = {
        "word": {"jobInputType": "literal", "value": "given"},
        "group.flag": {"jobInputType": "literal", "value": "False"},
    }
    outputs = {"kept": {"jobOutputType": "uri_folder"}}
    name, properties = jobs.run(_whole_job(jobs, whole, inputs=given, outputs=outputs))
    assert properties["status"] == "Completed"
    assert _said(jobs, name) == "given False"


def test_a_pipeline_component_with_steps_beside_it_lends_defaults_and_outputs(
    jobs: JobPlatform, whole: str
) -> None:
    step = jobs.step(
        "echo ${{inputs.word}} ${{inputs.flag}} > ${{outputs.o}}/said",
        inputs={"word": {"type": "string"}, "flag": {"type": "boolean"}},
        outputs={"o": FOLDER},
        bind={"word": "${{parent.inputs.word}}", "flag": "${{parent.inputs.group.flag}}"},
        promote={"o": "kept"},
    )
    name, properties = jobs.run({**_whole_job(jobs, whole), "jobs": {"say": step}})
    assert properties["status"] == "Completed"
    assert _said(jobs, name) == "default True"


def test_what_a_whole_component_cannot_be_given_is_refused(jobs: JobPlatform, whole: str) -> None:
    missing = jobs.send(_whole_job(jobs, "azureml:nosuch:1"))
    assert missing.status_code == 404, missing.text
    for body, why in (
        (_whole_job(jobs, jobs.component("true")), "expected one of type pipeline"),
        (
            _whole_job(jobs, whole, inputs={"other": {"jobInputType": "literal", "value": "1"}}),
            "has no such input",
        ),
        (jobs.pipeline({}), "the pipeline has no steps"),
    ):
        answer = jobs.send(body)
        assert answer.status_code == 400, answer.text
        assert why in answer.json()["error"]["message"]


def test_labels_stand_for_the_newest_version(jobs: JobPlatform) -> None:
    container = jobs.component("echo labelled").rpartition("/versions/")[0]
    name = container.rsplit("/", 1)[-1]
    for reference in (
        f"{container}/labels/default",
        f"azureml:{container}/labels/latest",
        f"azureml:{name}@default",
        f"azureml:{name}@latest",
    ):
        node = {"type": "command", "componentId": reference, "inputs": {}, "outputs": {}}
        answer, properties = jobs.run(jobs.pipeline({"one": node}))
        assert properties["status"] == "Completed", reference
        record = jobs.record(jobs.steps(answer)["one"]["runId"])
        assert record["component"]["id"] == f"{container}/versions/1"


def test_two_equal_steps_of_one_pipeline_run_once(jobs: JobPlatform) -> None:
    word = uuid.uuid4().hex
    nodes = {
        name: jobs.step(f"sleep 0.3; echo {word} > ${{{{outputs.o}}}}/x", outputs={"o": FOLDER})
        for name in ("left", "right")
    }
    name, properties = jobs.run(jobs.pipeline(nodes))
    assert properties["status"] == "Completed"
    steps = jobs.steps(name).values()
    reused = [step for step in steps if step["properties"].get("azureml.isreused") == "true"]
    ran = [step for step in steps if step["properties"].get("azureml.isreused") != "true"]
    assert (len(reused), len(ran)) == (1, 1)
    assert reused[0]["properties"]["azureml.reusedrunid"] == ran[0]["runId"]


def test_a_failed_twin_does_not_hold_the_other_up(jobs: JobPlatform) -> None:
    word = uuid.uuid4().hex
    nodes = {name: jobs.step(f"sleep 0.2; echo {word}; exit 3") for name in ("left", "right")}
    name, properties = jobs.run(jobs.pipeline(nodes, continue_on_step_failure=True))
    assert properties["status"] == "Failed"
    assert [step["status"] for step in jobs.steps(name).values()] == ["Failed", "Failed"]
