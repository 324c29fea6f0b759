"""Protects: a job reads a registry's model and data by the registry's own ids, and is told what a registry lacks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.job_platform import JobPlatform, job_platform
from tests.contract.machine_learning_platform import ML_VERSION

REGISTRY = "shared-ml"


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        body = {"location": "westeurope", "identity": {"type": "SystemAssigned"},
                "properties": {"regionDetails": [{"location": "westeurope"}]}}  # fmt: skip
        platform.azure_ml.put(
            f"{platform.azure_ml.group_id}/providers/Microsoft.MachineLearningServices/registries/{REGISTRY}",
            body,
            ML_VERSION,
        )
        yield platform


def test_a_registrys_model_is_an_input(jobs: JobPlatform, tmp_path: Path) -> None:
    from azure.ai.ml.entities import Data, Model

    client = jobs.azure_ml.client(workspace_name=None, registry_name=REGISTRY)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "weights.txt").write_text("weights")
    client.models.create_or_update(
        Model(name="shared", version="2", type="custom_model", path=str(tmp_path / "files"))
    )
    client.data.create_or_update(
        Data(name="rows", version="1", type="uri_folder", path=str(tmp_path / "files"))
    )
    inputs = {
        "model": {
            "jobInputType": "custom_model",
            "uri": f"azureml://registries/{REGISTRY}/models/shared/versions/2",
        },
        "newest": {
            "jobInputType": "custom_model",
            "uri": f"azureml://registries/{REGISTRY}/models/shared/labels/latest",
        },
        "rows": {
            "jobInputType": "uri_folder",
            "uri": f"azureml://registries/{REGISTRY}/data/rows/versions/1",
        },
    }
    text = "find ${{inputs.model}} ${{inputs.newest}} ${{inputs.rows}} -name weights.txt -exec cat {} ';'"
    name, properties = jobs.run(jobs.command(text, inputs=inputs))
    assert properties["status"] == "Completed", jobs.error(name)
    assert jobs.log(name) == "weights" * 3


def test_what_a_registry_lacks_is_refused_by_name(jobs: JobPlatform) -> None:
    for uri, why in (
        (
            f"azureml://registries/{REGISTRY}/models/none/versions/1",
            f"registry '{REGISTRY}' has no such version",
        ),
        ("azureml://registries/nobodys/models/none/versions/1", "registry 'nobodys' does not exist"),
    ):
        inputs = {"model": {"jobInputType": "custom_model", "uri": uri}}
        answer = jobs.send(jobs.command("ls ${{inputs.model}}", inputs=inputs))
        assert answer.status_code == 400
        assert why in answer.json()["error"]["message"]
