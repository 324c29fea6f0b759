"""Rows on blob storage."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.verify_azure import versions as api
from tests.verify_azure.check import check
from tests.verify_azure.finding import Finding, NotChecked, holds
from tests.verify_azure.parts import blob_service
from tests.verify_azure.subject import Subject


def _container(azure: Subject) -> Any:
    """A container of its own, as azure-storage-blob's client."""
    name = azure.fresh("blobs")
    path = f"{azure.part('blob rights')}/blobServices/default/containers/{name}"
    azure.put(path, api=api.STORAGE, body={"properties": {}})
    azure.versions["azure-storage-blob"] = None
    return blob_service(azure).get_container_client(name)


@check("blob-create-permission", "blob rights")
def signature_that_only_creates(azure: Subject) -> Finding:
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import BlobClient, BlobSasPermissions, generate_blob_sas

    container = _container(azure)
    keys = azure.send("POST", f"{azure.part('storage')}/listKeys", api=api.STORAGE).json()["keys"]
    account = str(azure.part("storage")).rsplit("/", 1)[1]
    signature = generate_blob_sas(
        account, container.container_name, "new.txt", account_key=keys[0]["value"],
        permission=BlobSasPermissions(create=True), expiry=datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip
    blob = BlobClient.from_blob_url(f"{container.url}/new.txt?{signature}")
    try:
        blob.upload_blob(b"one", overwrite=True)
    except HttpResponseError as error:
        raise NotChecked(
            f"this service took no signature made with the account's key: {error.status_code} {error.error_code}"
        ) from error
    try:
        blob.upload_blob(b"two", overwrite=True)
    except HttpResponseError as error:
        return holds(
            error.status_code == 403,
            f"A second write with a signature of c alone: {error.status_code} {error.error_code}.",
        )
    return holds(False, "A signature of c alone wrote over a blob.")


@check("blob-committed-blocks", "blob rights")
def block_of_the_committed_blob(azure: Subject) -> Finding:
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob import BlobBlock, BlockState

    blob = _container(azure).get_blob_client("blocks.txt")
    blob.stage_block("YQ==", b"a")
    blob.commit_block_list([BlobBlock("YQ==")])
    blob.stage_block("Yg==", b"b")
    try:
        blob.commit_block_list(
            [BlobBlock("YQ==", BlockState.COMMITTED), BlobBlock("Yg==", BlockState.UNCOMMITTED)]
        )
    except HttpResponseError as error:
        return holds(False, f"A block list with a committed block: {error.status_code} {error.error_code}.")
    content = blob.download_blob().readall()
    return holds(content == b"ab", f"A block list with a committed block was taken; the blob is {content!r}.")


@check("blob-block-list-digest", "blob rights")
def digest_of_a_block_list(azure: Subject) -> Finding:
    from azure.storage.blob import BlobBlock

    blob, seen = _container(azure).get_blob_client("digest.txt"), {}
    blob.stage_block("YQ==", b"a")

    def hook(answer: Any) -> None:
        seen["got"] = answer.http_response.headers.get("content-md5")
        seen["sent"] = hashlib.md5(answer.http_request.body, usedforsecurity=False).digest()

    blob.commit_block_list([BlobBlock("YQ==")], raw_response_hook=hook)
    return holds(
        seen["got"] == base64.b64encode(seen["sent"]).decode(),
        f"A block list was answered with Content-MD5 {seen['got']}.",
    )


@check("blob-copy-is-done-at-once", "blob rights")
def copy(azure: Subject) -> Finding:
    container = _container(azure)
    container.upload_blob("from.txt", b"content")
    answer = container.get_blob_client("to.txt").start_copy_from_url(
        container.get_blob_client("from.txt").url
    )
    return holds(
        answer["copy_status"] == "success",
        f"Copy Blob of seven bytes answered {answer['copy_status']} at once.",
    )
