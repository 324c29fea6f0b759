"""Uploads of azure-ai-ml that end, and end well, when an answer is lost. Three of its faults (1.35.2) are mended here alone.

1. Without a progress bar it never looks at the results of the threads that upload a folder's files, and then waits until
   as many files have arrived as there are: one refused file, and it waits for ever. It also counts them without a lock.
2. It makes its blob clients itself and takes no options for them, so each file waits out azure-storage-blob's pauses of
   15 seconds and more. In front of the emulator that is minutes for nothing: one that is down stays down. Each has
   connections of its own, too, which `connections.py` ends.
3. It uploads on the condition that the blob is not there yet. A blob whose answer was lost is there when it is sent
   again, so that the storage answers 409 BlobAlreadyExists. A folder's address is the hash of what is uploaded, and one
   that was uploaded whole is marked and never sent again: to write over the rest is to write the same bytes.

They may go once azure-ai-ml looks at its threads' results, hands its `retry_*` options on, and repeats an upload.
"""

from __future__ import annotations

from typing import Any

from azure.storage.blob import BlobServiceClient, ContainerClient

from plumbline.azure.patience import storage_patience
from plumbline.azure.shared_transport import shared_transport


class _BlobServiceClient(BlobServiceClient):
    def __init__(self, account_url: str, credential: Any = None, **options: Any) -> None:
        super().__init__(account_url, credential, **{"transport": shared_transport(), **options})


class _ContainerClient(ContainerClient):
    def __init__(self, account_url: str, container_name: str, credential: Any = None, **options: Any) -> None:
        super().__init__(
            account_url, container_name, credential, **{"transport": shared_transport(), **options}
        )


class _LocalBlobServiceClient(_BlobServiceClient):
    def __init__(self, account_url: str, credential: Any = None, **options: Any) -> None:
        super().__init__(account_url, credential, **{"retry_policy": storage_patience(local=True), **options})


class _LocalContainerClient(_ContainerClient):
    def __init__(self, account_url: str, container_name: str, credential: Any = None, **options: Any) -> None:
        super().__init__(
            account_url,
            container_name,
            credential,
            **{"retry_policy": storage_patience(local=True), **options},
        )


def make_uploads_end(*, local: bool) -> None:
    """Make every upload of azure-ai-ml in this process fail when a file of it fails, and only then.

    Args:
        local: The store is the emulator's: tell soon when it does not answer. Azure's stores keep the pauses that
            azure-storage-blob has for them.
    """
    from azure.ai.ml._artifacts import _blob_storage_helper
    from azure.ai.ml._utils._asset_utils import upload_directory, upload_file

    def upload(storage_client: Any, **options: Any) -> None:
        storage_client.overwrite = True
        # With a progress bar, which load_azure_ai_ml keeps silent, it raises what a thread raised.
        upload_directory(storage_client=storage_client, **{**options, "show_progress": True})
        storage_client.uploaded_file_count = storage_client.total_file_count

    def upload_one(storage_client: Any, **options: Any) -> None:
        storage_client.overwrite = True
        upload_file(storage_client=storage_client, **options)

    _blob_storage_helper.upload_directory = upload
    _blob_storage_helper.upload_file = upload_one
    _blob_storage_helper.BlobServiceClient = _LocalBlobServiceClient if local else _BlobServiceClient
    _blob_storage_helper.ContainerClient = _LocalContainerClient if local else _ContainerClient
