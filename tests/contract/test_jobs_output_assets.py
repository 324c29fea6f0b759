"""Protects: outputs that a job names as assets are there after the run, with the rights of who submitted it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.job_platform import JobPlatform, job_platform

FOLDER = {"type": "uri_folder"}


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


def _asset(jobs: JobPlatform, path: str) -> dict[str, Any]:
    properties: dict[str, Any] = jobs.azure_ml.get(path)["properties"]
    return properties


def test_outputs_of_a_command_job_become_data_and_models(jobs: JobPlatform) -> None:
    outputs = {
        "table": {"jobOutputType": "uri_file", "assetName": "table", "assetVersion": "7"},
        "folder": {"jobOutputType": "uri_folder", "assetName": "folder"},
        "model": {"jobOutputType": "custom_model", "assetName": "model", "assetVersion": "2"},
    }
    body = jobs.command(
        "echo a > ${{outputs.table}}; echo b > ${{outputs.folder}}/b; echo c > ${{outputs.model}}/c",
        outputs=outputs,
    )
    name, properties = jobs.run(body)
    assert properties["status"] == "Completed", jobs.error(name)
    assert properties["outputs"]["table"]["assetName"] == "table"
    assert properties["outputs"]["table"]["assetVersion"] == "7"
    assert _asset(jobs, "data/table/versions/7")["dataType"] == "uri_file"
    folder = _asset(jobs, "data/folder/versions/1")
    assert folder["dataUri"].endswith(f"/datastores/workspaceblobstore/paths/azureml/{name}/folder/")
    model = _asset(jobs, "models/model/versions/2")
    assert (model["modelType"], model["jobName"]) == ("custom_model", name)
    inputs = {
        "t": {"jobInputType": "uri_file", "uri": "azureml:table:7"},
        "m": {"jobInputType": "custom_model", "uri": "azureml:model:2"},
    }
    reader, _ = jobs.run(jobs.command("cat ${{inputs.t}} ${{inputs.m}}/c", inputs=inputs))
    assert jobs.log(reader).split() == ["a", "c"]
    # Without a version it counts on.
    again, _ = jobs.run(
        {**body, "outputs": {"folder": outputs["folder"]}, "command": "echo > ${{outputs.folder}}/x"}
    )
    assert _asset(jobs, "data/folder/versions/2")["dataUri"].endswith(f"{again}/folder/")


def test_outputs_of_a_node_and_of_the_pipeline_become_assets(jobs: JobPlatform) -> None:
    own, outer = f"own{uuid.uuid4().hex[:6]}", f"outer{uuid.uuid4().hex[:6]}"
    step = jobs.step("echo ${{outputs.o}} > ${{outputs.o}}/x", outputs={"o": FOLDER}, promote={"o": "kept"})
    step["outputs"]["o"] |= {"name": own, "version": "1"}
    outputs = {"kept": {"jobOutputType": "mltable", "assetName": outer, "assetVersion": "3"}}
    body = jobs.pipeline({"make": step}, outputs=outputs)
    name, properties = jobs.run(body)
    assert properties["status"] == "Completed", jobs.error(jobs.steps(name)["make"]["runId"])
    assert properties["outputs"]["kept"]["assetName"] == outer
    assert _asset(jobs, f"data/{own}/versions/1")["dataType"] == "uri_folder"
    assert _asset(jobs, f"data/{outer}/versions/3")["dataType"] == "mltable"
    # The same again reuses the step, and its results are registered already.
    again, properties = jobs.run(body)
    assert properties["status"] == "Completed"
    assert jobs.steps(again)["make"]["properties"]["azureml.isreused"] == "true"


def test_a_version_that_is_there_with_another_content_fails_the_step(jobs: JobPlatform) -> None:
    outputs = {"o": {"jobOutputType": "uri_folder", "assetName": "taken", "assetVersion": "1"}}
    body = jobs.command("date > ${{outputs.o}}/x", outputs=outputs)
    assert jobs.run(body)[1]["status"] == "Completed"
    name, properties = jobs.run(body)
    assert properties["status"] == "Failed"
    assert "got data 'taken:1', which is there already" in jobs.error(name)


def test_who_may_not_write_models_cannot_register_one_by_a_job(jobs: JobPlatform) -> None:
    workspace = jobs.azure_ml.workspace_id
    everything_but_models = {
        "properties": {
            "roleName": "jobs only",
            "assignableScopes": [workspace],
            "permissions": [
                {
                    "actions": ["Microsoft.MachineLearningServices/*"],
                    "notActions": ["Microsoft.MachineLearningServices/workspaces/models/versions/write"],
                }
            ],
        }
    }
    definition, assignment = str(uuid.uuid4()), str(uuid.uuid4())
    authorization = f"{workspace}/providers/Microsoft.Authorization"
    put = jobs.emulator.request(
        "PUT",
        f"{authorization}/roleDefinitions/{definition}",
        api_version="2022-04-01",
        json=everything_but_models,
    )
    assert put.status_code in (200, 201), put.text
    who = jobs.emulator.ready["principals"]["pipeline"]["object_id"]
    put = jobs.emulator.request(
        "PUT",
        f"{authorization}/roleAssignments/{assignment}",
        api_version="2022-04-01",
        json={
            "properties": {
                "roleDefinitionId": f"{authorization}/roleDefinitions/{definition}",
                "principalId": who,
                "principalType": "ServicePrincipal",
            }
        },
    )
    assert put.status_code in (200, 201), put.text
    # Nor by a request that writes the same path otherwise.
    for path in (
        "MODELS/forbidden/VERSIONS/1",
        "/models//forbidden/versions/1/",
        "models/forbidden/versions/1?a=b",
    ):
        put = jobs.emulator.request(
            "PUT",
            f"{workspace}/{path}",
            principal="pipeline",
            api_version="2024-01-01-preview",
            headers={"X-HTTP-Method-Override": "GET"},
            json={"properties": {"modelUri": "azureml://datastores/workspaceblobstore/paths/x"}},
        )
        assert put.status_code == 403, (path, put.text)
    outputs = {"m": {"jobOutputType": "custom_model", "assetName": "forbidden"}}
    body = jobs.command("echo > ${{outputs.m}}/x", outputs=outputs)
    answer = jobs.send(body, principal="pipeline")
    assert answer.status_code == 201, answer.text
    name = answer.json()["name"]
    assert jobs.wait(name)["status"] == "Failed"
    assert "does not have authorization to perform action" in jobs.error(name)
    missing = jobs.emulator.request(
        "GET", f"{workspace}/models/forbidden/versions/1", api_version="2024-01-01-preview"
    )
    assert missing.status_code == 404
