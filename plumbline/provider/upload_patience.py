"""How often an upload to the emulator is tried again: briefly, since an emulator that is down stays down.

azure-ai-ml makes its blob clients itself and takes no options for them, so each file of an upload waits out
azure-storage-blob's own pauses of 15 seconds and more (measured: over 300 s in all for a component whose store has
died). In front of the emulator its two blob client classes are replaced by these. Azure's own stores keep the pauses
that azure-storage-blob has for them. It may go once azure-ai-ml hands its `retry_*` options on (1.35.2 does not).
"""

from __future__ import annotations

from typing import Any

from azure.storage.blob import BlobServiceClient, ContainerClient, ExponentialRetry

from plumbline.provider.patience import patience

_TRIES = 4  # pauses of 1, 3, 5 and 9 seconds


class _LocalBlobServiceClient(BlobServiceClient):
    def __init__(self, account_url: str, credential: Any = None, **options: Any) -> None:
        super().__init__(account_url, credential, **{"retry_policy": _brief(), **options})


class _LocalContainerClient(ContainerClient):
    def __init__(self, account_url: str, container_name: str, credential: Any = None, **options: Any) -> None:
        super().__init__(account_url, container_name, credential, **{"retry_policy": _brief(), **options})


def upload_briefly() -> None:
    """Make every upload of azure-ai-ml in this process end soon after its store stops answering."""
    from azure.ai.ml._artifacts import _blob_storage_helper

    _blob_storage_helper.BlobServiceClient = _LocalBlobServiceClient
    _blob_storage_helper.ContainerClient = _LocalContainerClient


def _brief() -> Any:
    connect = patience(local=True)["retry_connect"]
    return ExponentialRetry(
        initial_backoff=1, increment_base=2, random_jitter_range=1, retry_total=_TRIES, retry_connect=connect
    )
