"""The workspace that the tests expect to find, made with the official client: `lab.yaml` is its list."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    AmlCompute,
    AzureBlobDatastore,
    CommandComponent,
    Environment,
    Model,
    Registry,
    RegistryRegionDetails,
    SystemCreatedStorageAccount,
)
from azure.identity import DefaultAzureCredential

from tests.contract.machine_learning_platform import ACCOUNT, MachineLearningPlatform


def contents() -> dict[str, Any]:
    """The list of what is seeded."""
    found: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("lab.yaml").read_text(encoding="utf-8"))
    return found


def seed(platform: MachineLearningPlatform) -> None:
    """Everything of the list, on a fresh platform whose environment is in force."""
    lab, client = contents(), platform.client()
    _give_remote_inputs(platform.emulator.home, lab["remote_inputs"])
    clusters = lab["clusters"]
    for name in clusters["names"]:
        cluster = AmlCompute(name=name, size=clusters["size"], max_instances=clusters["nodes"])
        client.compute.begin_create_or_update(cluster).result()
    for name, container in lab["datastores"].items():
        client.datastores.create_or_update(
            AzureBlobDatastore(name=name, account_name=ACCOUNT, container_name=container)
        )
    for name, versions in lab["environments"].items():
        for version in versions:
            client.environments.create_or_update(Environment(name=name, version=version, image=lab["image"]))
    environment, versions = next(iter(lab["environments"].items()))
    for name, declared in lab["components"].items():
        client.components.create_or_update(
            CommandComponent(
                name=name,
                command="echo hello",
                environment=f"azureml:{environment}:{versions[0]}",
                **declared,
            )
        )
    for name in lab["registries"]:
        _seed_registry(client, name, lab["location"])
    _seed_in_registry(lab["in_registry"], lab["image"])


def _give_remote_inputs(home: Path, addresses: Sequence[str]) -> None:
    folder = home / "remote"
    folder.mkdir()
    found = {}
    for address in addresses:
        file = folder / address.rsplit("/", 1)[-1]
        file.write_text("name,age\na,1\n", encoding="utf-8")
        found[address] = str(file)
    (home / "remote_inputs.yaml").write_text(yaml.safe_dump(found), encoding="utf-8")


def _seed_registry(client: MLClient, name: str, location: str) -> None:
    storage = SystemCreatedStorageAccount(storage_account_hns=False, storage_account_type="Standard_LRS")
    region = RegistryRegionDetails(location=location, storage_config=storage)
    client.registries.begin_create(
        Registry(name=name, location=location, replication_locations=[region])
    ).result()


def _seed_in_registry(content: Mapping[str, Any], image: str) -> None:
    registry = content["registry"]
    client = MLClient(DefaultAzureCredential(), registry_name=registry)
    for name, version in content["environments"].items():
        client.environments.create_or_update(Environment(name=name, version=version, image=image))
    environment, version = next(iter(content["environments"].items()))
    for name, declared in content["components"].items():
        client.components.create_or_update(
            CommandComponent(
                name=name,
                command="echo hello",
                environment=f"azureml://registries/{registry}/environments/{environment}/versions/{version}",
                **declared,
            )
        )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "MLmodel").write_text("flavors: {}\n", encoding="utf-8")
        for name, declared in content["models"].items():
            client.models.create_or_update(Model(name=name, path=folder, **declared))
