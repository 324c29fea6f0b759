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
        ("azureml:AzureML-ray-2.9@latest", "the curated environment AzureML-ray-2.9 is not emulated, only"),
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


@pytest.mark.skipif(
    10 not in installed(), reason="sklearn-1.5 asks for Python 3.10, which this machine lacks"
)
def test_scikit_learn_runs_with_the_versions_of_its_specification(jobs: JobPlatform) -> None:
    text = "python -c 'import pandas, numpy, sklearn; print(pandas.__version__, numpy.__version__, sklearn.__version__)'"
    name = jobs.submit(jobs.command(text, environmentId="azureml:AzureML-sklearn-1.5@latest"))
    properties = jobs.wait(name, seconds=300)
    assert properties["status"] == "Completed", jobs.error(name)
    pandas, numpy, sklearn = jobs.log(name).split()
    assert pandas.startswith("1.5.")
    assert numpy.startswith("1.22.")
    assert sklearn.startswith("1.5.")
