"""Protects: blob storage of the emulator, as the unmodified azure-storage-blob client meets it."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests

from plumbline.emulator.sas import SharedAccess
from tests.contract.machine_learning_platform import (
    MachineLearningPlatform,
    machine_learning_platform,
)

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

_CONTAINER = "raw"


@pytest.fixture(scope="module")
def azure_ml() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform() as platform:
        container = f"{platform.account_id}/blobServices/default/containers/{_CONTAINER}"
        platform.put(container, {"properties": {}}, "2024-01-01")
        yield platform


@pytest.fixture
def container(azure_ml: MachineLearningPlatform) -> ContainerClient:
    client = azure_ml.blobs().get_container_client(_CONTAINER)
    for blob in client.list_blobs():
        client.delete_blob(blob.name)
    return client


def test_blob_keeps_bytes_headers_and_metadata(container: ContainerClient) -> None:
    from azure.storage.blob import ContentSettings

    data = b"a,b\n1,2\n"
    settings = ContentSettings(content_type="text/csv", content_language="en", cache_control="no-store")
    container.upload_blob("dir/ä b.csv", data, metadata={"owner": "team"}, content_settings=settings)
    blob = container.get_blob_client("dir/ä b.csv")
    properties = blob.get_blob_properties()
    assert (properties.size, properties.metadata, properties.blob_type) == (
        len(data),
        {"owner": "team"},
        "BlockBlob",
    )
    assert properties.content_settings.content_type == "text/csv"
    assert properties.content_settings.content_md5 == bytearray(hashlib.md5(data).digest())
    assert blob.download_blob().readall() == data
    assert blob.download_blob(offset=2, length=3).readall() == b"b\n1"
    assert properties.etag == blob.download_blob().properties.etag


def test_upload_in_blocks_equals_the_file(azure_ml: MachineLearningPlatform) -> None:
    client = azure_ml.blobs(max_single_put_size=1024, max_block_size=1024 * 64).get_container_client(
        _CONTAINER
    )
    data = os.urandom(1024 * 300 + 7)
    client.upload_blob("large.bin", data, overwrite=True, max_concurrency=4)
    assert client.download_blob("large.bin").readall() == data
    blob = client.get_blob_client("large.bin")
    assert blob.get_block_list("uncommitted")[1] == []


def test_a_file_that_azure_ai_ml_sends_in_blocks_is_taken(azure_ml: MachineLearningPlatform) -> None:
    """It has the content validated: the answer to a block list is the list's digest, never the blob's."""
    client = azure_ml.blobs(max_single_put_size=1024, max_block_size=1024 * 64).get_container_client(
        _CONTAINER
    )
    data = os.urandom(1024 * 200)
    client.upload_blob("valid.bin", data, overwrite=True, validate_content=True)
    assert client.download_blob("valid.bin").readall() == data


def test_a_block_list_whose_answer_was_lost_may_be_sent_again(container: ContainerClient) -> None:
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import BlobBlock

    blob = container.get_blob_client("twice")
    names = [base64.b64encode(name).decode() for name in (b"1", b"2")]
    for name in names:
        blob.stage_block(name, name.encode())
    for _ in range(2):
        blob.commit_block_list([BlobBlock(name) for name in names], metadata={"sent": "again"})
    assert blob.download_blob().readall() == "".join(names).encode()
    assert blob.get_blob_properties().metadata == {"sent": "again"}
    blob.upload_blob(b"other", overwrite=True)
    with pytest.raises(HttpResponseError) as refused:
        blob.commit_block_list([BlobBlock(name) for name in names])
    assert refused.value.error_code == "InvalidBlockList"


def test_block_list_with_an_unknown_block_is_refused(container: ContainerClient) -> None:
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import BlobBlock

    blob = container.get_blob_client("half")
    blob.stage_block(base64.b64encode(b"1").decode(), b"one")
    with pytest.raises(HttpResponseError) as refused:
        blob.commit_block_list([BlobBlock(base64.b64encode(b"2").decode())])
    assert refused.value.error_code == "InvalidBlockList"
    assert not blob.exists()


def test_lists_have_prefixes_folders_pages_and_metadata(container: ContainerClient) -> None:
    for name in ("a/1", "a/2", "a/b/3", "c", "a&b<c>"):
        container.upload_blob(name, name.encode(), metadata={"name": "x"})
    assert [blob.name for blob in container.list_blobs()] == ["a&b<c>", "a/1", "a/2", "a/b/3", "c"]
    assert {blob.name for blob in container.walk_blobs()} == {"a&b<c>", "a/", "c"}
    assert {blob.name for blob in container.walk_blobs("a/", delimiter="/")} == {"a/1", "a/2", "a/b/"}
    pages = container.list_blobs("a/", include=["metadata"], results_per_page=2).by_page()
    found = [[(blob.name, blob.metadata) for blob in page] for page in pages]
    assert found == [[("a/1", {"name": "x"}), ("a/2", {"name": "x"})], [("a/b/3", {"name": "x"})]]


def test_conditions_decide_over_writes_and_reads(container: ContainerClient) -> None:
    from azure.core import MatchConditions
    from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError

    first = container.upload_blob("once", b"1").get_blob_properties()
    with pytest.raises(ResourceExistsError):
        container.upload_blob("once", b"2")
    blob = container.get_blob_client("once")
    changed = container.upload_blob("once", b"2", overwrite=True).get_blob_properties()
    assert changed.etag != first.etag
    assert changed.creation_time == first.creation_time
    with pytest.raises(ResourceModifiedError):
        blob.upload_blob(b"3", overwrite=True, etag=first.etag, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(HttpResponseError) as same:
        blob.get_blob_properties(etag=changed.etag, match_condition=MatchConditions.IfModified)
    assert same.value.status_code == 304
    assert blob.download_blob().readall() == b"2"


def test_metadata_and_headers_change_without_the_bytes(container: ContainerClient) -> None:
    from azure.storage.blob import ContentSettings

    blob = container.upload_blob("facts", b"bytes", metadata={"a": "1"})
    blob.set_blob_metadata({"b": "2"})
    blob.set_http_headers(ContentSettings(content_type="text/plain"))
    properties = blob.get_blob_properties()
    assert (properties.metadata, properties.content_settings.content_type) == ({"b": "2"}, "text/plain")
    assert blob.download_blob().readall() == b"bytes"


def test_empty_blob_and_missing_blob_answer_as_storage_does(container: ContainerClient) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    container.upload_blob("empty", b"")
    assert container.download_blob("empty").readall() == b""
    with pytest.raises(ResourceNotFoundError) as missing:
        container.download_blob("missing")
    assert missing.value.error_code == "BlobNotFound"
    assert not container.get_blob_client("missing").exists()
    with pytest.raises(ResourceNotFoundError) as gone:
        container.delete_blob("missing")
    assert gone.value.error_code == "BlobNotFound"


def test_copy_from_this_storage(azure_ml: MachineLearningPlatform, container: ContainerClient) -> None:
    source = container.upload_blob("source", b"copied", metadata={"a": "1"})
    target = container.get_blob_client("target")
    # The client's own URL names the account in its user part, as every URL of this storage does.
    assert target.start_copy_from_url(source.url)["copy_status"] == "success"
    assert target.download_blob().readall() == b"copied"
    assert target.get_blob_properties().metadata == {"a": "1"}


def test_wrong_digest_is_refused_and_leaves_nothing(container: ContainerClient) -> None:
    from azure.core.exceptions import HttpResponseError

    blob = container.get_blob_client("torn")
    with pytest.raises(HttpResponseError) as refused:
        blob.upload_blob(
            b"data",
            raw_request_hook=lambda request: request.http_request.headers.update(
                {"Content-MD5": base64.b64encode(hashlib.md5(b"other").digest()).decode()}
            ),
        )
    assert refused.value.error_code == "Md5Mismatch"
    assert not blob.exists()


def test_containers_are_arm_resources(azure_ml: MachineLearningPlatform) -> None:
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

    service = azure_ml.blobs()
    made = service.create_container("made-here")
    assert made.exists()
    arm_id = f"{azure_ml.account_id}/blobServices/default/containers/made-here"
    assert azure_ml.emulator.request("GET", arm_id, api_version="2024-01-01").status_code == 200
    assert {"made-here", _CONTAINER} <= {entry.name for entry in service.list_containers()}
    with pytest.raises(ResourceExistsError):
        service.create_container("made-here")
    made.upload_blob("x", b"1")
    azure_ml.emulator.request("DELETE", arm_id, api_version="2024-01-01")
    with pytest.raises(ResourceNotFoundError) as gone:
        made.download_blob("x")
    assert gone.value.error_code == "ContainerNotFound"
    service.create_container("made-here")
    assert list(made.list_blobs()) == [], "a new container of that name is empty"
    service.delete_container("made-here")


def test_who_has_no_data_role_reads_and_writes_nothing(
    azure_ml: MachineLearningPlatform, container: ContainerClient
) -> None:
    from azure.core.exceptions import HttpResponseError

    container.upload_blob("private", b"1")
    for principal in ("alice", "pipeline"):
        with azure_ml.environment(principal):
            other = azure_ml.blobs().get_container_client(_CONTAINER)
            for operation in (
                lambda client: client.download_blob("private"),
                lambda client: client.upload_blob("new", b"1"),
                lambda client: list(client.list_blobs()),
                lambda client: client.delete_blob("private"),
            ):
                with pytest.raises(HttpResponseError) as denied:
                    operation(other)
                assert denied.value.error_code == "AuthorizationPermissionMismatch"
    assert [blob.name for blob in container.list_blobs()] == ["private"]


def test_reader_reads_and_writes_nothing(
    azure_ml: MachineLearningPlatform, container: ContainerClient
) -> None:
    from azure.core.exceptions import HttpResponseError

    container.upload_blob("shared", b"1")
    azure_ml.assign("bob", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", azure_ml.account_id)
    with azure_ml.environment("bob"):
        reader = azure_ml.blobs().get_container_client(_CONTAINER)
        assert reader.download_blob("shared").readall() == b"1"
        with pytest.raises(HttpResponseError):
            reader.upload_blob("shared", b"2", overwrite=True)


def _upload(azure_ml: MachineLearningPlatform) -> dict[str, Any]:
    response = azure_ml.call("POST", "codes/some/versions/1/startPendingUpload", json={})
    reference: dict[str, Any] = response.json()["blobReferenceForConsumption"]
    return reference


def test_signature_opens_one_container_for_writing_and_not_for_deleting(
    azure_ml: MachineLearningPlatform,
) -> None:
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import ContainerClient

    signed = ContainerClient.from_container_url(_upload(azure_ml)["credential"]["sasUri"])
    signed.upload_blob("src/a.py", b"print()")
    assert [blob.name for blob in signed.list_blobs()] == ["src/a.py"]
    assert signed.download_blob("src/a.py").readall() == b"print()"
    with pytest.raises(HttpResponseError) as denied:
        signed.delete_blob("src/a.py")
    assert denied.value.error_code == "AuthorizationPermissionMismatch"


def test_signature_of_a_folder_does_not_list_the_one_whose_name_goes_on(
    azure_ml: MachineLearningPlatform, container: ContainerClient
) -> None:
    from azure.storage.blob import ContainerClient as Client

    for name in ("shared/run/a", "shared/run-of-another/b"):
        container.upload_blob(name, b"x")
    for prefix in ("shared/run", "shared/run/"):
        signature = SharedAccess(azure_ml.emulator.home).sign(_CONTAINER, "shared/run/", permissions="rl")
        signed = Client.from_container_url(f"{azure_ml.emulator.base_url}/{_CONTAINER}?{signature}")
        assert [blob.name for blob in signed.list_blobs(name_starts_with=prefix)] == ["shared/run/a"]


@pytest.mark.parametrize(
    "forge",
    [
        lambda url, query: f"{url}?{query}x",
        lambda url, query: f"{url}?{query.replace('sp=', 'sp=d')}",
        lambda url, query: f"{url.rpartition('/')[0]}/{_CONTAINER}?{query}",
    ],
    ids=["signature", "permission", "container"],
)
def test_forged_signature_opens_nothing(azure_ml: MachineLearningPlatform, forge: Any) -> None:
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
    from azure.storage.blob import ContainerClient

    url, _, query = _upload(azure_ml)["credential"]["sasUri"].partition("?")
    client = ContainerClient.from_container_url(forge(url, query), retry_total=0)
    with pytest.raises((ClientAuthenticationError, HttpResponseError)) as denied:
        list(client.list_blobs())
    assert denied.value.status_code == 403


def test_without_a_token_nothing_opens(azure_ml: MachineLearningPlatform) -> None:
    url = f"{azure_ml.emulator.base_url}/{_CONTAINER}/private"
    response = requests.get(url, verify=str(azure_ml.emulator.home / "ca.pem"), timeout=120)
    assert response.status_code == 401
    assert azure_ml.emulator.request("GET", url).status_code == 401, "an ARM token is for someone else"


def test_unmodelled_operations_say_so(container: ContainerClient) -> None:
    from azure.core.exceptions import HttpResponseError

    blob = container.upload_blob("plain", b"1")
    for operation in (
        blob.acquire_lease,
        blob.create_snapshot,
        lambda: blob.set_blob_tags({"a": "b"}),
        lambda: container.upload_blob("pages", b"1", blob_type="AppendBlob"),
    ):
        with pytest.raises(HttpResponseError) as refused:
            operation()
        assert refused.value.status_code == 501


def test_content_is_kept_once_survives_a_kill_and_is_swept_when_unused(
    azure_ml: MachineLearningPlatform,
) -> None:
    client = azure_ml.blobs().get_container_client(_CONTAINER)
    data = os.urandom(5000)
    digest = hashlib.sha256(data).hexdigest()
    path = azure_ml.emulator.home / "blobs" / digest[:2] / digest
    client.upload_blob("twin-a", data)
    client.upload_blob("twin-b", data)
    azure_ml.emulator.kill()
    (azure_ml.emulator.home / "blobs" / "incoming").mkdir(exist_ok=True)
    (azure_ml.emulator.home / "blobs" / "incoming" / "torn").write_bytes(b"half")
    azure_ml.emulator.start()
    assert not (azure_ml.emulator.home / "blobs" / "incoming" / "torn").exists()
    with azure_ml.environment():
        client = azure_ml.blobs().get_container_client(_CONTAINER)
        assert client.download_blob("twin-b").readall() == data
        client.delete_blob("twin-a")
        azure_ml.emulator.restart()
        assert path.exists(), "twin-b still needs it"
        client.delete_blob("twin-b")
        azure_ml.emulator.restart()
    assert not path.exists()
