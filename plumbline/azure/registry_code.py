"""The files behind a registry's code version, fetched with the signature that its region gives, and hashed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from plumbline.assets import hash_code

CODES = "codes"
"""The collection of code versions."""


def code_problem(where: str, made: str, kept: str | None, left_out: tuple[str, ...]) -> str | None:
    """Why code does not hold as it was published, None when it does.

    Args:
        made: Hash of its files as they were downloaded; `kept`: as the code version says it.
        left_out: Files that the hash does not cover.
    """
    if left_out:
        return f"{where}: got {', '.join(left_out)}, which its hash leaves out, expected no such file"
    if kept is not None and kept != made:
        return f"{where}: got files with hash {made}, expected {kept} as it was published"
    return None


def signature_request(registry: str, address: str, name: str, version: str, code_uri: str) -> tuple[str, Any]:
    """Address and body of the request for a signature that reads a code version's files.

    Args:
        registry: Its name.
        address: Where the region serves the code version.
    Source: azure-ai-ml 1.35.2 `get_storage_details_for_registry_assets`.
    """
    body = {
        "assetId": f"azureml://registries/{registry}/codes/{name}/versions/{version}",
        "blobUri": code_uri,
    }
    return address.replace(f"/codes/{name}/", f"/datarefs/{name}/"), body


def downloaded_hash(answer: Mapping[str, Any], code_uri: str) -> tuple[str, tuple[str, ...]]:
    """Download the files and hash them as azure-ai-ml does; blocks, call it in a thread.

    Args:
        answer: What the region answered to `signature_request`.
    Returns: the hash, and names of files that it leaves out.
    Raises: azure.core.exceptions.AzureError: the storage refuses.
    """
    from azure.storage.blob import ContainerClient

    credential = answer["blobReferenceForConsumption"]["credential"]
    container = ContainerClient.from_container_url(str(credential["sasUri"]))
    prefix = urlsplit(code_uri).path.strip("/").partition("/")[2]
    with tempfile.TemporaryDirectory(prefix="plumbline-registry-code-") as place:
        folder = Path(place)
        names = []
        for blob in container.list_blobs(name_starts_with=prefix):
            name = blob.name[len(prefix) :].strip("/") or blob.name.rpartition("/")[2]
            target = (folder / name).resolve()
            if not target.is_relative_to(folder.resolve()) or blob.size is None:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(container.download_blob(blob.name).readall())
            names.append(name)
        snapshot = hash_code(folder)
    return snapshot.hash, tuple(sorted(set(names) - {file.name for file in snapshot.files}))
