"""Protects: datastores, their secrets, and that an identity-based one needs rights on the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.machine_learning_platform import (
    ACCOUNT,
    MachineLearningPlatform,
    machine_learning_platform,
)


@pytest.fixture(scope="module")
def azure_ml() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as platform:
        container = f"{platform.account_id}/blobServices/default/containers/raw"
        platform.put(container, {"properties": {}}, "2024-01-01")
        yield platform


def _datastore(**changed: Any) -> dict[str, Any]:
    return {
        "properties": {
            "datastoreType": "AzureBlob",
            "accountName": ACCOUNT,
            "containerName": "raw",
            "credentials": {"credentialsType": "None"},
            **changed,
        }
    }


def test_client_creates_reads_lists_and_deletes_a_datastore(azure_ml: MachineLearningPlatform) -> None:
    from azure.ai.ml.entities import AzureBlobDatastore

    client = azure_ml.client()
    client.datastores.create_or_update(
        AzureBlobDatastore(name="raw", account_name=ACCOUNT, container_name="raw", description="as it came")
    )
    made = client.datastores.get("raw")
    assert (made.container_name, made.description, str(made.credentials.type.value)) == (
        "raw",
        "as it came",
        "None",
    )
    assert {entry.name for entry in client.datastores.list()} == {
        "raw",
        "workspaceblobstore",
        "workspaceartifactstore",
        "workspacefilestore",
    }
    assert client.datastores.get_default().name == "workspaceblobstore"
    client.datastores.delete("raw")
    assert "raw" not in {entry.name for entry in client.datastores.list()}


def test_datastore_over_a_missing_container_is_refused_unless_validation_is_skipped(
    azure_ml: MachineLearningPlatform,
) -> None:
    missing = _datastore(containerName="nowhere")
    assert azure_ml.call("PUT", "datastores/lost", json=missing).status_code == 400
    assert (
        azure_ml.call("PUT", "datastores/lost", json=missing, params={"skipValidation": "true"}).status_code
        == 201
    )


def test_container_of_a_datastore_is_fixed(azure_ml: MachineLearningPlatform) -> None:
    azure_ml.call("PUT", "datastores/fixed", json=_datastore())
    changed = azure_ml.call("PUT", "datastores/fixed", json=_datastore(accountName="other"))
    assert (changed.status_code, "accountName" in changed.json()["error"]["message"]) == (400, True)


def test_identity_based_datastore_has_no_secrets(azure_ml: MachineLearningPlatform) -> None:
    azure_ml.call("PUT", "datastores/identity", json=_datastore())
    response = azure_ml.call("POST", "datastores/identity/listSecrets", json={"expirableSecret": True})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "UserError")


def test_secrets_are_never_shown_with_the_datastore(azure_ml: MachineLearningPlatform) -> None:
    secret = {"secretsType": "AccountKey", "key": "c2VjcmV0"}
    credentials = {"credentialsType": "AccountKey", "secrets": secret}
    made = azure_ml.call("PUT", "datastores/keyed", json=_datastore(credentials=credentials))
    assert made.status_code == 201
    assert "c2VjcmV0" not in made.text
    assert "c2VjcmV0" not in azure_ml.call("GET", "datastores/keyed").text
    assert azure_ml.call("POST", "datastores/keyed/listSecrets", json={}).json() == secret
    expiring = azure_ml.call("POST", "datastores/keyed/listSecrets", json={"expirableSecret": True}).json()
    assert expiring["secretsType"] == "Sas"
    assert "c2VjcmV0" not in (azure_ml.emulator.home / "emulator.log").read_text()


def test_reader_may_not_list_secrets(azure_ml: MachineLearningPlatform) -> None:
    azure_ml.call("PUT", "datastores/guarded", json=_datastore())
    assert (
        azure_ml.call("POST", "datastores/guarded/listSecrets", principal="pipeline", json={}).status_code
        == 403
    )


def test_upload_to_an_identity_based_datastore_needs_a_data_role(
    azure_ml: MachineLearningPlatform, tmp_path: Any
) -> None:
    from azure.ai.ml.entities import Data

    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with azure_ml.environment("alice"), pytest.raises(Exception, match="permission"):
        # Contributor manages resources and reads no data.
        azure_ml.client().data.create_or_update(
            Data(name="denied", path=str(tmp_path / "a.csv"), type="uri_file")
        )
    made = azure_ml.client().data.create_or_update(
        Data(name="allowed", path=str(tmp_path / "a.csv"), type="uri_file")
    )
    assert made.version == "1"


def test_default_datastore_stays(azure_ml: MachineLearningPlatform) -> None:
    assert azure_ml.call("DELETE", "datastores/workspaceblobstore").status_code == 400
