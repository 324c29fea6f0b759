"""Protects sharing a workspace's asset with a registry: content and files arrive, twice is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    Data,
    Environment,
    Model,
    Registry,
    RegistryRegionDetails,
    SystemCreatedStorageAccount,
)
from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential

from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform

REGISTRY = "regshare"


@pytest.fixture(scope="module")
def platform() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as built:
        storage = SystemCreatedStorageAccount(storage_account_hns=False, storage_account_type="Standard_LRS")
        region = RegistryRegionDetails(location="westeurope", storage_config=storage)
        registry = Registry(name=REGISTRY, location="westeurope", replication_locations=[region])
        built.client().registries.begin_create(registry).result()
        yield built


def _in_registry() -> MLClient:
    return MLClient(DefaultAzureCredential(), registry_name=REGISTRY)


def test_a_shared_model_has_the_same_files(platform: MachineLearningPlatform, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights.txt").write_text("weights")
    client = platform.client()
    client.models.create_or_update(Model(name="m", version="3", type="custom_model", path=folder))
    shared = client.models.share(
        "m", "3", share_with_name="n", share_with_version="1", registry_name=REGISTRY
    )
    assert (shared.name, shared.version, shared.type) == ("n", "1", "custom_model")
    _in_registry().models.download("n", "1", download_path=tmp_path / "down")
    assert (tmp_path / "down" / "n" / "model" / "weights.txt").read_text() == "weights"


def test_shared_data_and_environment_come_back(platform: MachineLearningPlatform, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    client = platform.client()
    client.data.create_or_update(Data(name="d", version="1", type="uri_file", path=file))
    client.environments.create_or_update(Environment(name="e", version="1", image="python:3.11"))
    client.data.share("d", "1", share_with_name="d", share_with_version="7", registry_name=REGISTRY)
    client.environments.share("e", "1", share_with_name="e", share_with_version="2", registry_name=REGISTRY)
    assert _in_registry().data.get("d", "7").path.endswith("/a.csv")
    assert _in_registry().environments.get("e", "2").image == "python:3.11"


def test_what_is_there_or_nowhere_cannot_be_shared(platform: MachineLearningPlatform) -> None:
    client = platform.client()
    client.environments.create_or_update(Environment(name="twice", version="1", image="python:3.11"))
    once = {"share_with_name": "twice", "share_with_version": "1", "registry_name": REGISTRY}
    client.environments.share("twice", "1", **once)
    with pytest.raises(Exception, match="already exists in registry"):
        client.environments.share("twice", "1", **once)
    with pytest.raises(HttpResponseError) as missing:
        client.environments.share("nowhere", "1", **once | {"share_with_name": "other"})
    assert missing.value.status_code == 404


def test_what_a_public_registry_has_besides_environments_cannot_be_said(
    platform: MachineLearningPlatform,
) -> None:
    client = MLClient(DefaultAzureCredential(), registry_name="azureml")
    for group in (client.components, client.models):
        with pytest.raises(HttpResponseError) as refused:
            group.get("anything", version="1")
        assert refused.value.status_code == 501
