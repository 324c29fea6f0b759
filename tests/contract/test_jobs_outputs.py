"""Protects: a job writes to its own places only, each output has one writer, and data comes in the way a node asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.job_platform import JobPlatform, job_platform

FOLDER = {"type": "uri_folder"}
STORE = "azureml://datastores/workspaceblobstore/paths"


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


@pytest.fixture(scope="module")
def victim(jobs: JobPlatform) -> str:
    """The run of a step that has an output `model` in its own folder."""
    step = jobs.step("echo good > ${{outputs.model}}/weights", outputs={"model": FOLDER})
    name, properties = jobs.run(jobs.pipeline({"train": step}))
    assert properties["status"] == "Completed"
    return str(jobs.steps(name)["train"]["runId"])


def _writing(jobs: JobPlatform, uri: str) -> dict[str, Any]:
    step = jobs.step(
        "mkdir -p ${{outputs.o}}; echo bad > ${{outputs.o}}/weights",
        outputs={"o": FOLDER},
        promote={"o": "mine"},
    )
    return jobs.pipeline({"write": step}, outputs={"mine": {"jobOutputType": "uri_folder", "uri": uri}})


def _refusal(jobs: JobPlatform, body: dict[str, Any]) -> str:
    answer = jobs.send(body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == "UserError"
    return str(answer.json()["error"]["message"])


def test_an_output_in_another_runs_folder_is_refused_at_submission(jobs: JobPlatform, victim: str) -> None:
    workspace = jobs.azure_ml.workspace_id
    parts = workspace.split("/")
    long = f"azureml://subscriptions/{parts[2]}/resourcegroups/{parts[4]}/workspaces/{parts[8]}"
    container = jobs.azure_ml.get("datastores/workspaceblobstore")["properties"]["containerName"]
    for uri in (
        f"{STORE}/azureml/{victim}/model/",
        f"{STORE}/azureml/{victim}",
        f"{long}/datastores/workspaceblobstore/paths/azureml/{victim}/model/",
        f"azureml://datastores/${{{{default_datastore}}}}/paths/azureml/{victim}/${{{{output_name}}}}",
        f"azureml://jobs/{victim}/outputs/model/paths/",
        f"{jobs.emulator.base_url}/{container}/azureml/{victim}/model",
    ):
        message = _refusal(jobs, _writing(jobs, uri))
        assert f"jobs.write.outputs.o: got {uri.split('$')[0].split('{')[0]}" in message, uri
        assert f"which is the folder of run '{victim}'" in message
    command = jobs.command(
        "true", outputs={"o": {"jobOutputType": "uri_folder", "uri": f"{STORE}/azureml/{victim}/model/"}}
    )
    assert "outputs.o: got" in _refusal(jobs, command)
    assert "the outputs of all runs" in _refusal(jobs, _writing(jobs, f"{STORE}/azureml/"))


def test_an_output_in_the_artifact_store_is_refused_under_any_name(jobs: JobPlatform, victim: str) -> None:
    store = jobs.azure_ml.get("datastores/workspaceartifactstore")["properties"]
    jobs.put(
        "datastores/alias",
        {
            "datastoreType": "AzureBlob",
            "accountName": store["accountName"],
            "containerName": store["containerName"],
            "credentials": {"credentialsType": "None"},
        },
    )
    for uri in (
        f"azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.{victim}/system_logs/",
        "azureml://datastores/workspaceartifactstore/paths/",
        f"azureml://datastores/alias/paths/ExperimentRun/dcid.{victim}/",
        f"azureml://jobs/{victim}/outputs/artifacts/paths/system_logs",
    ):
        message = _refusal(jobs, _writing(jobs, uri))
        assert "jobs.write.outputs.o" in message
        assert "the artifact store" in message, uri
    record = jobs.record(victim)
    assert record["status"] == "Completed"


def test_a_users_own_paths_and_the_runs_own_folder_stay_allowed(jobs: JobPlatform) -> None:
    for uri in (
        f"{STORE}/models/severity/",
        f"{STORE}/models/${{{{name}}}}/",
        f"{STORE}/azureml/${{{{name}}}}/elsewhere/",
        f"{STORE}/azureml/mine/",
        f"{STORE}/",
    ):
        name, properties = jobs.run(_writing(jobs, uri))
        assert properties["status"] == "Completed", (uri, jobs.error(name))


def test_the_roof_of_a_container_is_no_way_into_a_runs_folder(jobs: JobPlatform, victim: str) -> None:
    step = jobs.step(
        f"mkdir -p ${{{{outputs.o}}}}/azureml/{victim}/model; "
        f"echo bad > ${{{{outputs.o}}}}/azureml/{victim}/model/weights",
        outputs={"o": FOLDER},
        promote={"o": "mine"},
    )
    outputs = {"mine": {"jobOutputType": "uri_folder", "uri": f"{STORE}/"}}
    name, properties = jobs.run(jobs.pipeline({"write": step}, outputs=outputs))
    assert properties["status"] == "Failed"
    assert f"the folder of run '{victim}'" in jobs.why(name)


def test_a_folder_whose_run_came_later_is_refused_when_the_step_starts(jobs: JobPlatform) -> None:
    later = "the-later-one"
    step = jobs.step(
        "sleep 1; mkdir -p ${{outputs.o}}; echo bad > ${{outputs.o}}/x",
        outputs={"o": FOLDER},
        promote={"o": "mine"},
    )
    outputs = {"mine": {"jobOutputType": "uri_folder", "uri": f"{STORE}/azureml/{later}/o/"}}
    early = jobs.submit(jobs.pipeline({"write": step}, outputs=outputs))
    jobs.submit(
        jobs.command("echo good > ${{outputs.o}}/x", outputs={"o": {"jobOutputType": "uri_folder"}}), later
    )
    assert jobs.wait(later)["status"] == "Completed"
    assert jobs.wait(early)["status"] == "Failed"
    assert f"the folder of run '{later}'" in jobs.why(early)


def test_two_steps_that_write_one_output_of_the_job_are_both_named(jobs: JobPlatform) -> None:
    nodes = {
        name: jobs.step(f"echo {name} > ${{{{outputs.o}}}}/x", outputs={"o": FOLDER}, promote={"o": "result"})
        for name in ("left", "right")
    }
    outputs = {"result": {"jobOutputType": "uri_folder"}}
    message = _refusal(jobs, jobs.pipeline(nodes, outputs=outputs))
    assert "outputs.result: jobs.left.outputs.o and jobs.right.outputs.o are bound to it" in message


def test_two_steps_that_write_one_output_of_a_nested_pipeline_are_both_named(jobs: JobPlatform) -> None:
    inner = {
        name: {
            "type": "command",
            "componentId": jobs.component(f"echo {name} > ${{{{outputs.o}}}}/x", outputs={"o": FOLDER}),
            "inputs": {},
            "outputs": {"o": {"value": "${{parent.outputs.out}}", "type": "literal"}},
        }
        for name in ("left", "right")
    }
    spec = {
        "name": "twice",
        "version": "1",
        "type": "pipeline",
        "inputs": {},
        "outputs": {"out": FOLDER},
        "jobs": inner,
    }
    jobs.put("components/twice/versions/1", {"componentSpec": spec})
    group = {"type": "pipeline", "componentId": "azureml:twice:1", "inputs": {}, "outputs": {}}
    message = _refusal(jobs, jobs.pipeline({"group": group}))
    assert "jobs.group.outputs.out: jobs.left.outputs.o and jobs.right.outputs.o are bound to it" in message


def test_a_nodes_mode_decides_how_it_gets_the_pipelines_data_and_another_steps(jobs: JobPlatform) -> None:
    make = jobs.step("echo 1 > ${{outputs.o}}/x", outputs={"o": FOLDER})
    declared = {"given": FOLDER, "made": FOLDER}
    both = {
        "given": {"job_input_type": "literal", "value": "${{parent.inputs.data}}"},
        "made": {"job_input_type": "literal", "value": "${{parent.jobs.make.outputs.o}}"},
    }
    direct = {name: {**value, "mode": "Direct"} for name, value in both.items()}
    nodes = {
        "make": make,
        "mounted": jobs.step(
            "ls ${{inputs.given}} ${{inputs.made}} >/dev/null && echo there", inputs=declared, bind=both
        ),
        "direct": jobs.step("echo ${{inputs.given}} ${{inputs.made}}", inputs=declared, bind=direct),
    }
    source, _ = jobs.run(_writing(jobs, f"{STORE}/some/data/"))
    assert jobs.wait(source)["status"] == "Completed"
    data = {"data": {"jobInputType": "uri_folder", "uri": f"{STORE}/some/data/"}}
    name, properties = jobs.run(jobs.pipeline(nodes, inputs=data))
    assert properties["status"] == "Completed"
    steps = jobs.steps(name)
    assert jobs.log(steps["mounted"]["runId"]).strip() == "there"
    made = f"{STORE}/azureml/{steps['make']['runId']}/o/"
    assert jobs.log(steps["direct"]["runId"]).split() == [f"{STORE}/some/data/", made]
    made_by = jobs.record(steps["make"]["runId"])["outputs"]["o"]
    assert jobs.record(steps["direct"]["runId"])["inputs"]["made"]["digest"] == made_by["digest"]


def test_a_step_that_reads_by_address_runs_again_when_other_content_lies_there(jobs: JobPlatform) -> None:
    uri = f"{STORE}/rewritten/data/"

    def run(word: str) -> tuple[str, str]:
        make = jobs.step(f"echo {word} > ${{{{outputs.o}}}}/x", outputs={"o": FOLDER}, promote={"o": "out"})
        bound = {"job_input_type": "literal", "value": "${{parent.jobs.make.outputs.o}}", "mode": "Direct"}
        read = jobs.step("echo ${{inputs.made}}", inputs={"made": FOLDER}, bind={"made": bound})
        outputs = {"out": {"jobOutputType": "uri_folder", "uri": uri}}
        name, _ = jobs.run(jobs.pipeline({"make": make, "read": read}, outputs=outputs))
        step = jobs.steps(name)["read"]
        return step["properties"].get("azureml.isreused"), step["status"]

    assert [run("one"), run("one"), run("two")] == [
        (None, "Completed"),
        ("true", "Completed"),
        (None, "Completed"),
    ]


def test_a_nodes_mode_decides_how_it_writes_the_pipelines_output(jobs: JobPlatform) -> None:
    step = jobs.step("echo ${{outputs.o}}", outputs={"o": FOLDER})
    step["outputs"] = {"o": {"value": "${{parent.outputs.out}}", "type": "literal", "mode": "Direct"}}
    outputs = {
        "out": {"jobOutputType": "uri_folder", "mode": "ReadWriteMount", "uri": f"{STORE}/direct/out/"}
    }
    name, properties = jobs.run(jobs.pipeline({"step": step}, outputs=outputs))
    run = jobs.steps(name)["step"]["runId"]
    assert properties["status"] == "Completed"
    assert jobs.log(run).strip() == f"{STORE}/direct/out/"


def test_a_required_input_bound_to_one_that_is_not_set_is_refused_or_has_its_default(
    jobs: JobPlatform,
) -> None:
    def body(word: dict[str, Any], *, outer: dict[str, Any] | None = None) -> dict[str, Any]:
        """A nested pipeline with an optional input that nobody sets, and a step that reads it."""
        component = jobs.component(
            "echo word=${{inputs.word}} $[[set=${{inputs.word}}]]", inputs={"word": word}
        )
        inner = {
            "read": {
                "type": "command",
                "componentId": component,
                "inputs": {"word": {"job_input_type": "literal", "value": "${{parent.inputs.word}}"}},
                "outputs": {},
            }
        }
        name = component.split("/")[-3]
        spec = {
            "name": f"p{name}",
            "version": "1",
            "type": "pipeline",
            "inputs": {"word": {"type": "string", "optional": True}},
            "outputs": {},
            "jobs": inner,
        }
        jobs.put(f"components/p{name}/versions/1", {"componentSpec": spec})
        group = {
            "type": "pipeline",
            "componentId": f"azureml:p{name}:1",
            "inputs": outer or {},
            "outputs": {},
        }
        return jobs.pipeline({"group": group})

    def said(job: dict[str, Any]) -> str:
        name, properties = jobs.run(job)
        assert properties["status"] == "Completed"
        group = jobs.steps(name)["group"]["runId"]
        return jobs.log(jobs.steps(group)["read"]["runId"]).strip()

    message = _refusal(jobs, body({"type": "string"}))
    assert "jobs.group.jobs.read.inputs.word: a required input is not set" in message
    assert "'${{parent.inputs.word}}' is not set either" in message
    assert said(body({"type": "string", "default": "spare"})) == "word=spare set=spare"
    assert said(body({"type": "string", "optional": True})) == "word="
    given = {"word": {"job_input_type": "literal", "value": "here"}}
    assert said(body({"type": "string"}, outer=given)) == "word=here set=here"
