"""Protects: data assets and models: upload once, download the same bytes, fixed paths, the newest version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform


@pytest.fixture(scope="module")
def azure_ml() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as platform:
        yield platform


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "rows"
    (made / "deep").mkdir(parents=True)
    (made / "a.csv").write_text("a,b\n1,2\n")
    (made / "deep" / "ä b.csv").write_text("a,b\n3,4\n")
    (made / "empty.csv").write_bytes(b"")
    return made


def test_folder_is_uploaded_once_and_downloads_the_same(
    azure_ml: MachineLearningPlatform, folder: Path, tmp_path: Path
) -> None:
    from azure.ai.ml.entities import Data

    client = azure_ml.client()
    first = client.data.create_or_update(Data(name="rows", path=str(folder), type="uri_folder"))
    azure_ml.forget_requests()
    second = client.data.create_or_update(Data(name="rows", version="1", path=str(folder), type="uri_folder"))
    assert first.id == second.id
    assert [path for path in azure_ml.paths("PUT") if "/data/" not in path] == [], "nothing is uploaded again"
    model_target = tmp_path / "down"
    from azure.ai.ml._artifacts._artifact_utilities import download_artifact_from_aml_uri

    download_artifact_from_aml_uri(first.path, str(model_target), client.datastores)
    found = {
        path.relative_to(model_target): path.read_bytes()
        for path in model_target.rglob("*")
        if path.is_file()
    }
    wanted = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == wanted


def test_path_of_a_data_version_is_fixed(azure_ml: MachineLearningPlatform) -> None:
    from azure.ai.ml.entities import Data
    from azure.core.exceptions import ResourceExistsError

    client, base = azure_ml.client(), "azureml://datastores/workspaceblobstore/paths/"
    client.data.create_or_update(Data(name="fixed", version="1", path=f"{base}one", type="uri_folder"))
    with pytest.raises(ResourceExistsError, match="Asset paths cannot be updated"):
        client.data.create_or_update(Data(name="fixed", version="1", path=f"{base}two", type="uri_folder"))
    changed = client.data.create_or_update(
        Data(
            name="fixed", version="1", path=f"{base}one", type="uri_folder", description="d", tags={"a": "b"}
        )
    )
    assert (changed.description, changed.tags) == ("d", {"a": "b"})


def test_long_and_short_form_of_a_path_are_the_same_path(azure_ml: MachineLearningPlatform) -> None:
    short = {"dataUri": "azureml://datastores/workspaceblobstore/paths/f", "dataType": "uri_file"}
    prefix = azure_ml.workspace_id.replace("/resourceGroups/", "/resourcegroups/").replace(
        "/providers/Microsoft.MachineLearningServices", ""
    )
    long = {**short, "dataUri": f"azureml:/{prefix}/datastores/workspaceblobstore/paths/f"}
    assert azure_ml.call("PUT", "data/forms/versions/1", json={"properties": short}).status_code == 201
    assert azure_ml.call("PUT", "data/forms/versions/1", json={"properties": long}).status_code == 200


def test_type_of_a_data_asset_is_fixed(azure_ml: MachineLearningPlatform) -> None:
    uri = "azureml://datastores/workspaceblobstore/paths/f"
    azure_ml.call("PUT", "data/typed", json={"properties": {"dataType": "uri_file"}})
    response = azure_ml.call("PUT", "data/typed", json={"properties": {"dataType": "uri_folder"}})
    assert response.status_code == 400
    azure_ml.call(
        "PUT", "data/typed/versions/1", json={"properties": {"dataType": "uri_file", "dataUri": uri}}
    )
    missing = azure_ml.call("PUT", "data/typed/versions/2", json={"properties": {"dataType": "uri_file"}})
    assert (missing.status_code, "dataUri" in missing.json()["error"]["message"]) == (400, True)


def test_latest_data_is_the_containers_latest_version(azure_ml: MachineLearningPlatform) -> None:
    from azure.ai.ml.entities import Data

    client, base = azure_ml.client(), "azureml://datastores/workspaceblobstore/paths/"
    for version in ("h1b", "h1a"):
        client.data.create_or_update(
            Data(name="named", version=version, path=base + version, type="uri_folder")
        )
    assert client.data.get("named", label="latest").version == "h1a"


def test_model_is_uploaded_versioned_and_downloaded(
    azure_ml: MachineLearningPlatform, folder: Path, tmp_path: Path
) -> None:
    from azure.ai.ml.entities import Model
    from azure.core.exceptions import ResourceExistsError

    client = azure_ml.client()
    first = client.models.create_or_update(Model(name="model", path=str(folder), type="custom_model"))
    assert first.version == "1"
    (folder / "a.csv").write_text("other")
    second = client.models.create_or_update(
        Model(name="model", path=str(folder), tags={"stage": "candidate"})
    )
    assert second.version == "2"
    assert [entry.version for entry in client.models.list("model")] == ["2", "1"]
    client.models.download("model", "2", download_path=str(tmp_path / "down"))
    assert next((tmp_path / "down").rglob("a.csv")).read_text() == "other"
    with pytest.raises(ResourceExistsError):
        client.models.create_or_update(Model(name="model", version="1", path=str(folder)))


def test_large_file_goes_up_in_blocks_and_comes_back_whole(
    azure_ml: MachineLearningPlatform, tmp_path: Path
) -> None:
    import hashlib

    from azure.ai.ml._artifacts._artifact_utilities import download_artifact_from_aml_uri
    from azure.ai.ml.entities import Data

    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        for number in range(70):
            file.write(hashlib.sha256(bytes([number])).digest() * (1024 * 32))
    client = azure_ml.client()
    azure_ml.forget_requests()
    made = client.data.create_or_update(Data(name="large", path=str(path), type="uri_file"))
    assert len(azure_ml.paths("PUT")) > 10, "blocks, a block list, metadata, the asset"
    download_artifact_from_aml_uri(made.path, str(tmp_path / "down"), client.datastores)
    got = next((tmp_path / "down").rglob("large.bin")).read_bytes()
    assert hashlib.sha256(got).digest() == hashlib.sha256(path.read_bytes()).digest()
