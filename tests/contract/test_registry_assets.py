"""Protects: registries: made through ARM, found by name, and the same asset rules as in a workspace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.machine_learning_assets import register_component, register_environment, write_component
from tests.contract.machine_learning_platform import (
    GROUP,
    ML_VERSION,
    MachineLearningPlatform,
    machine_learning_platform,
)

_REGISTRY = "shared-ml"


@pytest.fixture(scope="module")
def azure_ml() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as platform:
        body = {"location": "westeurope", "identity": {"type": "SystemAssigned"},
                "properties": {"regionDetails": [{"location": "westeurope"}]}}  # fmt: skip
        platform.put(_registry_id(platform), body, ML_VERSION)
        yield platform


def _registry_id(azure_ml: MachineLearningPlatform) -> str:
    return f"{azure_ml.group_id}/providers/Microsoft.MachineLearningServices/registries/{_REGISTRY}"


def _client(azure_ml: MachineLearningPlatform, registry: str = _REGISTRY) -> Any:
    return azure_ml.client(workspace_name=None, registry_name=registry)


def test_registry_is_an_arm_resource_with_a_managed_group(azure_ml: MachineLearningPlatform) -> None:
    answer = azure_ml.emulator.request("GET", _registry_id(azure_ml), api_version=ML_VERSION).json()
    group = answer["properties"]["managedResourceGroup"]["resourceId"]
    assert azure_ml.emulator.request("GET", group, api_version="2024-03-01").status_code == 200
    assert azure_ml.client().registries.get(_REGISTRY).name == _REGISTRY
    listed = azure_ml.emulator.request(
        "GET",
        f"{azure_ml.emulator.scope}/providers/Microsoft.MachineLearningServices/registries",
        api_version=ML_VERSION,
    ).json()["value"]
    assert [entry["name"] for entry in listed] == [_REGISTRY], "the public one is in nobody's subscription"


def test_client_creates_a_registry_and_rest_deletes_it(
    azure_ml: MachineLearningPlatform, tmp_path: Path
) -> None:
    from azure.ai.ml import load_registry

    path = tmp_path / "registry.yml"
    path.write_text(
        "name: made-by-sdk\nlocation: westeurope\nreplication_locations: [{location: westeurope}]\n"
    )
    registries = azure_ml.client().registries
    assert registries.begin_create(load_registry(path)).result().name == "made-by-sdk"
    made = _registry_id(azure_ml).replace(_REGISTRY, "made-by-sdk")
    body = azure_ml.emulator.request("GET", made, api_version=ML_VERSION).json()
    assert azure_ml.emulator.request("DELETE", made, api_version=ML_VERSION).status_code == 202
    assert [entry.name for entry in registries.list()] == [_REGISTRY]
    group = body["properties"]["managedResourceGroup"]["resourceId"]
    assert azure_ml.emulator.request("GET", group, api_version="2024-03-01").status_code == 404


def test_component_with_code_is_published_and_read_back(
    azure_ml: MachineLearningPlatform, tmp_path: Path
) -> None:
    client = _client(azure_ml)
    register_environment(client)
    path = write_component(
        tmp_path, environment=f"azureml://registries/{_REGISTRY}/environments/tools/versions/1"
    )
    made = register_component(client, path)
    assert made.id == f"azureml://registries/{_REGISTRY}/components/train/versions/1"
    got = client.components.get("train", "1")
    assert got.code.startswith(f"azureml://registries/{_REGISTRY}/codes/")
    assert got.environment == f"azureml://registries/{_REGISTRY}/environments/tools/versions/1"
    assert [entry.name for entry in client.components.list()] == ["train"]
    assert client.components.get("train", label="latest").version == "1"


def test_published_content_is_fixed(azure_ml: MachineLearningPlatform) -> None:
    client = _client(azure_ml)
    register_environment(client, name="fixed")
    with pytest.raises(Exception, match="already registered and cannot be changed"):
        register_environment(client, name="fixed", image="python:3.12")
    assert register_environment(client, name="fixed", description="Said later.").description == "Said later."


def test_missing_reference_is_refused_as_users_report_it(
    azure_ml: MachineLearningPlatform, tmp_path: Path
) -> None:
    missing = f"azureml://registries/{_REGISTRY}/environments/nothing/versions/1"
    with pytest.raises(Exception, match="Could not find asset with assetId"):
        register_component(_client(azure_ml), write_component(tmp_path, version="2", environment=missing))


def test_model_and_data_are_published_and_downloaded(
    azure_ml: MachineLearningPlatform, tmp_path: Path
) -> None:
    from azure.ai.ml.entities import Data, Model

    client = _client(azure_ml)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "m.txt").write_text("weights")
    model = client.models.create_or_update(Model(name="model", version="1", path=str(tmp_path / "files")))
    assert model.id == f"azureml://registries/{_REGISTRY}/models/model/versions/1"
    client.models.download("model", "1", download_path=str(tmp_path / "down"))
    assert next((tmp_path / "down").rglob("m.txt")).read_text() == "weights"
    data = client.data.create_or_update(
        Data(name="rows", version="1", path=str(tmp_path / "files"), type="uri_folder")
    )
    assert data.id == f"azureml://registries/{_REGISTRY}/data/rows/versions/1"


def test_curated_environments_are_there_and_nobody_here_writes_them(
    azure_ml: MachineLearningPlatform,
) -> None:
    from azure.core.exceptions import HttpResponseError

    public = _client(azure_ml, "azureml")
    environment = public.environments.get("sklearn-1.5", label="latest")
    assert environment.id.startswith("azureml://registries/azureml/environments/sklearn-1.5/versions/")
    assert "scikit-learn" in str(environment.conda_file)
    assert "sklearn-1.5" in [entry.name for entry in public.environments.list()]
    with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
        register_environment(public, name="mine")


def test_unknown_registry_is_not_found(azure_ml: MachineLearningPlatform) -> None:
    with pytest.raises(Exception, match="could not be found"):
        _client(azure_ml, "nowhere").environments.get("x", "1")


def test_workspace_component_may_use_what_a_registry_has(
    azure_ml: MachineLearningPlatform, tmp_path: Path
) -> None:
    register_environment(_client(azure_ml), name="borrowed")
    reference = f"azureml://registries/{_REGISTRY}/environments/borrowed/versions/1"
    made = register_component(azure_ml.client(), write_component(tmp_path, environment=reference))
    assert made.environment == reference


def test_who_may_not_publish_is_refused(azure_ml: MachineLearningPlatform) -> None:
    from azure.core.exceptions import HttpResponseError

    assert GROUP in _registry_id(azure_ml)
    with (
        azure_ml.environment("pipeline"),
        pytest.raises(HttpResponseError, match="is not allowed to access registry"),
    ):
        register_environment(_client(azure_ml), name="denied")


def test_the_registry_user_role_publishes_and_a_reader_does_not(azure_ml: MachineLearningPlatform) -> None:
    registry_user, path = (
        "1823dd4f-9b8c-4ab6-ab4e-7397a3684615",
        f"{_registry_id(azure_ml)}/environments/published",
    )
    body = {"properties": {"image": "mcr.microsoft.com/azureml/openmpi5.0-ubuntu24.04:20260901.v1"}}

    def publish(version: str) -> int:
        where = f"{path}/versions/{version}"
        answer = azure_ml.emulator.request(
            "PUT", where, api_version=ML_VERSION, principal="releaser", json=body
        )
        return int(answer.status_code)

    # It reads the whole subscription, and that is not enough.
    assert publish("1") == 403
    azure_ml.assign("releaser", registry_user, _registry_id(azure_ml))
    assert publish("1") in {200, 201, 202}
    refused = azure_ml.emulator.request(
        "DELETE", _registry_id(azure_ml), api_version=ML_VERSION, principal="releaser"
    )
    assert refused.status_code == 403
