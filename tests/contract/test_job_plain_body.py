"""Protects the REST body of a release job: byte for byte what azure-ai-ml sends of the same job."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plumbline.ops.checkout import git_properties
from plumbline.ops.job.plain_body import plain_body
from plumbline.provider.entities import load_azure_ai_ml, loaded_job
from tests.contract.job_platform import JOB_VERSION, JobPlatform, job_platform


@pytest.fixture(scope="module")
def platform() -> Iterator[JobPlatform]:
    with job_platform() as made:
        yield made


def test_it_is_the_body_that_the_official_client_sends(platform: JobPlatform) -> None:
    component = platform.component(
        "true",
        inputs={"rate": {"type": "number"}, "rows": {"type": "uri_folder"}},
        outputs={"scores": {"type": "uri_folder"}},
    )
    name = component.split("/")[-3]
    platform.put(
        "data/rows/versions/1",
        {"dataType": "uri_folder", "dataUri": "azureml://datastores/workspaceblobstore/paths/rows/"},
    )
    job: dict[str, Any] = {
        "type": "pipeline",
        "display_name": "Plain",
        "experiment_name": "plain",
        "description": "As it is.",
        "tags": {"owner": "claims"},
        "inputs": {
            "rate": "0.25",
            "rows": {"type": "uri_folder", "path": "azureml:rows:1"},
            "more": {"type": "uri_file", "path": "azureml://datastores/workspaceblobstore/paths/more.csv"},
        },
        "outputs": {"scores": {"type": "uri_folder"}},
        "settings": {"default_compute": "azureml:wide", "continue_on_step_failure": False},
        "jobs": {
            "one": {
                "type": "command",
                "component": f"azureml:{name}:1",
                "inputs": {"rate": "${{parent.inputs.rate}}", "rows": "${{parent.inputs.rows}}"},
                "outputs": {"scores": "${{parent.outputs.scores}}"},
                "environment_variables": {"OMP_NUM_THREADS": "1"},
            }
        },
    }
    load_azure_ai_ml()
    sent: list[Any] = []
    client = platform.azure_ml.client(raw_request_hook=lambda request: sent.append(request.http_request))
    client.jobs.create_or_update(loaded_job({**job, "name": "plain-official"}, Path.cwd()))
    (official,) = [one for one in sent if one.method == "PUT" and "/jobs/" in one.url]

    expected = json.loads(official.body if isinstance(official.body, str) else official.content)["properties"]
    body = plain_body(job, workspace_id=platform.azure_ml.workspace_id, properties=git_properties(Path.cwd()))
    assert _without_nulls(expected) == body
    answer = platform.emulator.request(
        "PUT",
        f"{platform.azure_ml.workspace_id}/jobs/plain-ours",
        api_version=JOB_VERSION,
        json={"properties": body},
    )
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    "more",
    [
        {"identity": {"type": "managed_identity"}},
        {"settings": {"default_compute": "serverless"}},
        {"jobs": {"one": {"type": "sweep", "component": "azureml:a:1"}}},
        {"inputs": {"rows": {"type": "uri_folder", "path": "azureml:rows:1", "mode": "download"}}},
    ],
)
def test_what_it_does_not_carry_is_left_to_the_official_client(more: dict[str, Any]) -> None:
    assert plain_body({"type": "pipeline", "jobs": {}, **more}, workspace_id="/w", properties={}) is None


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    return value


def test_a_token_in_the_address_of_the_remote_stays_here(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("remote", "add", "origin", "https://me:ghp_secret@example.com/team/pipelines.git")
    assert git_properties(tmp_path)["mlflow.source.git.repoURL"] == "https://example.com/team/pipelines.git"
