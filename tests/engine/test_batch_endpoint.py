"""Protects batch endpoints and their pipeline deployments: as azure-ai-ml makes them, without drift, named to the field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.job_platform import JobPlatform
from tests.contract.machine_learning_platform import machine_learning_platform
from tests.engine.provider_stack import ProviderStack

ENDPOINT, DEPLOYMENT = "batchEndpoints/scoring", "batchEndpoints/scoring/deployments/current"
DECLARED: dict[str, Any] = {
    "endpoint": {"description": "Scores on demand.", "tags": {"team": "scoring"}},
    "deployment": {
        "settings": {"default_compute": "azureml:cpu-cluster", "continue_on_step_failure": False},
        "description": "The current one.",
        "default": True,
        "tags": {"team": "scoring"},
    },
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderStack]:
    with machine_learning_platform(azure_noise=True) as platform:
        made = ProviderStack(tmp_path_factory.mktemp("endpoint"), platform)
        made.set(endpoint=DECLARED, leave_out=["scoring_weekly", "baseline", "remote_table"])
        made.up()
        yield made


def edit(stack: ProviderStack, path: str, **changed: Any) -> None:
    """What another client does: GET, change, PUT whole; a dotted name is a path below the body."""
    body = stack.live(path)
    for dotted, value in changed.items():
        *holders, last = dotted.split("__")
        inner = body
        for name in holders:
            inner = inner.setdefault(name, {})
        inner[last] = value
    kept = {name: body[name] for name in ("location", "tags", "properties")}
    stack.call("PUT", path, body=kept)


def test_what_is_declared_is_there_in_the_form_of_the_official_client(stack: ProviderStack) -> None:
    from azure.ai.ml.entities import BatchEndpoint, PipelineComponentBatchDeployment

    component = stack.resources()["score_and_report"]["outputs"]
    component_id = (
        f"{stack.platform.workspace_id}/components/score_and_report/versions/{component['version']}"
    )
    body = stack.live(DEPLOYMENT)
    official = PipelineComponentBatchDeployment(
        name="current",
        endpoint_name="scoring",
        component=component_id,
        settings={"default_compute": "azureml:cpu-cluster", "continue_on_step_failure": "false"},
        tags={"team": "scoring"},
        description="The current one.",
    )._to_rest_object(location="westeurope")
    expected = json.loads(json.dumps(official.as_dict()))
    assert expected["properties"].items() <= body["properties"].items()
    assert (body["tags"], body["location"]) == (expected["tags"], "westeurope")
    endpoint = stack.live(ENDPOINT)
    made = BatchEndpoint(name="scoring", description="Scores on demand.")._to_rest_batch_endpoint(
        "westeurope"
    )
    # Its spelling is not that of the REST reference; Azure's enumerations do not mind the case.
    assert made.as_dict()["properties"]["authMode"].lower() == endpoint["properties"]["authMode"].lower()
    assert endpoint["properties"]["defaults"] == {"deploymentName": "current"}
    shown = json.loads(stack.run("stack", "output", "--json"))
    assert shown["scoring_uri"] == endpoint["properties"]["scoringUri"]
    assert shown["hashes"]["score_and_report"] == component["contentHash"]


def test_a_second_up_sends_nothing_and_refresh_finds_nothing(stack: ProviderStack) -> None:
    stack.forget_requests()
    stack.up("--refresh", "--expect-no-changes")
    assert stack.writes() == []
    assert stack.drift() == {}
    assert stack.planned() == {}


def test_invoked_by_the_official_client_it_runs_the_component_that_was_declared(stack: ProviderStack) -> None:
    from azure.ai.ml import Input

    jobs = JobPlatform(azure_ml=stack.platform)
    jobs.resize("cpu-cluster", 1)
    table = stack.resources()["table"]["outputs"]["version"]
    client = stack.platform.client()
    given = {"table": Input(type="uri_folder", path=f"azureml:table:{table}")}
    name = client.batch_endpoints.invoke("scoring", inputs=given).name
    assert jobs.wait(name, seconds=300)["status"] == "Completed", jobs.why(name)
    steps = jobs.steps(name)
    assert set(steps) == {"score", "report"}
    assert jobs.log(steps["score"]["runId"]).strip() == "scores"
    assert {run["target"] for run in steps.values()} == {"cpu-cluster"}
    properties = jobs.history(f"runs/{name}")["properties"]
    declared = stack.resources()["score_and_report"]["outputs"]["version"]
    assert properties["azureml.SourceComponentId"].endswith(
        f"/components/score_and_report/versions/{declared}"
    )


def test_an_edit_made_elsewhere_is_named_to_the_field_and_put_back(stack: ProviderStack) -> None:
    edit(stack, ENDPOINT, tags={"team": "other"}, properties__description="edited", properties__defaults={})
    edit(
        stack,
        DEPLOYMENT,
        properties__deploymentConfiguration__settings={"default_compute": "azureml:gpu"},
        properties__deploymentConfiguration__componentId={
            "referenceType": "Id",
            "assetId": f"{stack.platform.workspace_id}/components/report/versions/3",
        },
    )
    assert stack.drift() == {
        "endpoint": ["update", "description", "tags.team"],
        "deployment": [
            "update",
            "component",
            "default",
            "settings.continue_on_step_failure",
            "settings.default_compute",
        ],
    }
    stack.up("--refresh")
    assert stack.drift() == {}
    assert stack.live(ENDPOINT)["properties"]["defaults"] == {"deploymentName": "current"}


def test_the_endpoint_stays_while_the_component_moves_on(stack: ProviderStack) -> None:
    before = stack.live(ENDPOINT)["properties"]["scoringUri"]
    with stack.edited("components/score/src/score.py", "scores", "better scores"):
        planned = stack.planned()
        assert planned["deployment"] == ["update", "component"], (
            "the preview shows the version that it moves to"
        )
        stack.up()
        moved = stack.resources()["score_and_report"]["outputs"]["version"]
        live = stack.live(DEPLOYMENT)["properties"]["deploymentConfiguration"]["componentId"]["assetId"]
        assert live.endswith(f"/versions/{moved}")
    assert stack.live(ENDPOINT)["properties"]["scoringUri"] == before
    stack.up()


def test_both_are_imported_without_a_difference(stack: ProviderStack, tmp_path: Path) -> None:
    resources = stack.resources()
    listed = [
        {"type": item["type"], "name": name, "id": f"{item['id']}{version}"}
        for name, item in resources.items()
        if item["type"].startswith("plumbline:")
        for version in ([f"/versions/{item['outputs']['version']}"] if "version" in item["outputs"] else [""])
    ]
    file = tmp_path / "import.json"
    file.write_text(json.dumps({"resources": listed}))
    other = ProviderStack(tmp_path, stack.platform)
    other.set(endpoint=DECLARED, leave_out=["scoring_weekly", "baseline", "remote_table"])
    words = ("--yes", "--generate-code=false", "--protect=false", "--skip-preview")
    other.run("import", "--file", str(file), *words)
    assert other.planned() == {}


def test_destroy_takes_deployment_and_endpoint(stack: ProviderStack) -> None:
    stack.destroy()
    assert stack.live("batchEndpoints")["value"] == []
