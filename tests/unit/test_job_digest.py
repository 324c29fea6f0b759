"""Protects the digest that says two runs did the same work: it moves with the work, and with nothing else."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from plumbline.assets import job_with, load_ml_pipelines, resolved_job
from plumbline.ops.job.digest import job_digest, live_job

ROOT = Path(__file__).parents[2]
WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    return resolved_job(load_ml_pipelines([ROOT / "pipelines" / "claims_release"], root=ROOT)[0])


def arm_id(collection: str, reference: str) -> str:
    name, _, version = reference.removeprefix("azureml:").partition(":")
    return f"{WORKSPACE}/{collection}/{name}" + (f"/versions/{version}" if version else "")


def as_azure_answers(job: dict[str, Any]) -> dict[str, Any]:
    """The job as ARM shows it when it has run: ids, filled modes, places of outputs, stamps."""
    body = deepcopy(job)
    inputs = {
        name: {"jobInputType": "literal", "value": value}
        if isinstance(value, str)
        else {"jobInputType": value["type"], "mode": "ReadOnlyMount", "uri": arm_id("data", value["path"])}
        for name, value in body["inputs"].items()
    }
    outputs = {
        name: {
            "jobOutputType": value["type"],
            "mode": "ReadWriteMount",
            "uri": f"azureml://datastores/d/paths/{name}",
        }
        for name, value in body["outputs"].items()
    }
    nodes = {
        name: {
            **{key: value for key, value in node.items() if key not in {"component", "inputs", "outputs"}},
            "name": name,
            "componentId": arm_id("components", node["component"]),
            "inputs": {
                key: {"value": text, "job_input_type": "literal"} for key, text in node["inputs"].items()
            },
            "outputs": {
                key: {"value": text, "type": "literal"} for key, text in node.get("outputs", {}).items()
            },
            "_source": "REMOTE.WORKSPACE.COMPONENT",
        }
        for name, node in body["jobs"].items()
    }
    properties = {
        "jobType": "Pipeline", "status": "Completed", "displayName": "another", "experimentName": "elsewhere",
        "tags": {"plumbline.digest": "x"}, "properties": {"azureml.git.dirty": "True", "runType": "HTTP"},
        "inputs": inputs, "outputs": outputs, "jobs": nodes,
        "settings": {"default_compute": arm_id("computes", "cpu-cluster"), "_source": "YAML.JOB",
                     "continue_on_step_failure": False, "force_rerun": True},
    }  # fmt: skip
    return {"id": f"{WORKSPACE}/jobs/j", "name": "j", "properties": properties}


def test_the_live_job_has_the_digest_of_its_definition(job: dict[str, Any]) -> None:
    assert job_digest(live_job(as_azure_answers(job))) == job_digest(job)


@pytest.mark.parametrize(
    "labels",
    [
        {"display_name": "x"},
        {"description": "x"},
        {"tags": {"a": "b"}},
        {"experiment_name": "x"},
        {"settings": {"force_rerun": True}},
    ],
)
def test_labels_and_force_rerun_do_not_move_it(job: dict[str, Any], labels: dict[str, Any]) -> None:
    assert job_digest(job_with(job, labels)) == job_digest(job)


@pytest.mark.parametrize(
    "work",
    [
        {"inputs": {"alpha": "0.02"}},
        {"inputs": {"claims": {"type": "uri_folder", "path": "azureml:claims_medical_expenditures:2"}}},
        {"settings": {"default_compute": "azureml:gpu-cluster"}},
        {"settings": {"continue_on_step_failure": True}},
    ],
)
def test_work_moves_it(job: dict[str, Any], work: dict[str, Any]) -> None:
    assert job_digest(job_with(job, work)) != job_digest(job)


def test_another_component_version_moves_it(job: dict[str, Any]) -> None:
    other = deepcopy(job)
    other["jobs"]["train"]["component"] = "azureml:claims_train:h10000000000000000"
    assert job_digest(other) != job_digest(job)
