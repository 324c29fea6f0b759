"""Protects: a curated environment runs under every name it has, and one that is not here is refused with what is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from plumbline.emulator.executor.interpreters import installed
from tests.contract.job_platform import JobPlatform, job_platform

REGISTRY = "azureml://registries/azureml/environments"


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


def test_every_name_of_a_curated_environment_resolves(jobs: JobPlatform) -> None:
    for reference in (
        f"{REGISTRY}/sklearn-1.5/versions/30",
        f"{REGISTRY}/sklearn-1.5/labels/latest",
        f"{REGISTRY}/AzureML-sklearn-1.5/labels/latest",
        "azureml:AzureML-sklearn-1.5@latest",
        "azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu:33",
        f"{REGISTRY}/acpt-pytorch-2.8-cuda12.6/versions/3",
        "azureml:AzureML-tensorflow-2.16-cuda12@latest",
        "azureml:AzureML-sklearn-0.24-ubuntu18.04-py37-cpu@latest",
        "azureml:AzureML-pytorch-1.9-ubuntu18.04-py37-cuda11-gpu:6",
        "azureml:AzureML-ACPT-pytorch-1.12-py39-cuda11.6-gpu@latest",
    ):
        step = jobs.step("true")
        step["environment"] = reference
        # A pipeline with a problem elsewhere: every problem is named, so the environment has none.
        answer = jobs.send(jobs.pipeline({"step": step, "gone": {"componentId": "azureml:nosuch:1"}}))
        message = answer.json()["error"]["message"]
        assert "nosuch" in message
        assert "environment" not in message, reference


def test_one_that_is_not_here_is_refused_with_those_that_are(jobs: JobPlatform) -> None:
    for reference, why in (
        (f"{REGISTRY}/ray-2.9/labels/latest", "the curated environment ray-2.9 is not emulated, only"),
        ("azureml:AzureML-ray-2.9@latest", "Use one of those, or an environment of your own"),
        (
            "azureml:AzureML-tensorflow-2.7-ubuntu20.04-py38-cuda11-gpu@latest",
            "Use one like it (tensorflow-2.4-ubuntu18.04-py37-cuda11-gpu, tensorflow-2.12-cuda11, ",
        ),
        (f"{REGISTRY}/sklearn-1.5/versions/4000", "sklearn-1.5 has no such version here"),
    ):
        answer = jobs.send(jobs.command("true", environmentId=reference))
        assert answer.status_code == 400
        message = answer.json()["error"]["message"]
        assert why in message
        assert "sklearn-1.5" in message


def test_a_component_over_one_that_is_not_here_is_told_the_same(jobs: JobPlatform) -> None:
    spec = {
        "name": "over_a_gone_one",
        "version": "1",
        "type": "command",
        "command": "true",
        "environment": "azureml:AzureML-ray-2.9@latest",
    }
    answer = jobs.azure_ml.call(
        "PUT", "components/over_a_gone_one/versions/1", json={"properties": {"componentSpec": spec}}
    )
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["message"].startswith("Could not find asset with assetId azureml:AzureML-ray-2.9@latest")
    assert "AzureML-ray-2.9 is not emulated, only" in error["details"][0]["message"]


@pytest.mark.parametrize(
    ("environment", "minor", "versions"),
    [
        ("AzureML-sklearn-1.5@latest", 10, ("1.5.", "1.22.", "1.5.")),
        ("AzureML-sklearn-0.24-ubuntu18.04-py37-cpu@latest", 7, ("1.1.", "1.19.", "0.24.1")),
    ],
)
def test_scikit_learn_runs_with_the_versions_of_its_specification(
    jobs: JobPlatform, environment: str, minor: int, versions: tuple[str, ...]
) -> None:
    if minor not in installed():
        pytest.skip(f"{environment} asks for Python 3.{minor}, which this machine lacks")
    text = (
        'python -c \'import pandas, numpy, sklearn, mlflow; run = mlflow.start_run(); mlflow.log_metric("kept", 2); '
        'print("versions", pandas.__version__, numpy.__version__, sklearn.__version__, mlflow.get_run(run.info.run_id).data.metrics)\''
    )
    name = jobs.submit(jobs.command(text, environmentId=f"azureml:{environment}"))
    properties = jobs.wait(name, seconds=300)
    assert properties["status"] == "Completed", jobs.error(name)
    (said,) = (line for line in jobs.log(name).splitlines() if line.startswith("versions "))
    _, *found, metrics = said.split(maxsplit=4)
    assert [one.startswith(wanted) for one, wanted in zip(found, versions, strict=True)] == [True] * 3, found
    assert metrics == "{'kept': 2.0}"
