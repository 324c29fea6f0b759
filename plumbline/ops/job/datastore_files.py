"""Files behind `azureml://.../datastores/D/paths/...`, read with the official storage client.

Source: azure-ai-ml 1.35.2 `_datastore_utils`; DatastoresOperations 2024-10-01-preview.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.azure.patience import storage_patience
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError

_URI = re.compile(r"^azureml://(?:.*?/)?datastores/(?P<store>[^/]+)/(?:paths/)?(?P<path>.*)$", re.IGNORECASE)


class DatastoreFiles:
    """Reads of a workspace's blob datastores, one client for each."""

    def __init__(self, session: AzureSession) -> None:
        self._session = session
        self._containers: dict[str, Any] = {}

    def names(self, uri: str) -> dict[str, str]:
        """Path below an address -> blob; a single file stands under its own name.

        Raises: UserError: the address is of no datastore, or the storage refuses.
        """
        container, path = self._place(uri)
        from azure.core.exceptions import AzureError

        try:
            found = [str(blob) for blob in container.list_blob_names(name_starts_with=path)]
        except AzureError as error:
            raise _refused(uri, error) from error
        return names_below(path, found)

    def read(self, uri: str) -> bytes:
        """The bytes of a single file; of a folder with one file in it, of that.

        Raises: UserError: there is none, or there are several.
        """
        names = self.names(uri)
        if len(names) != 1:
            raise UserError(f"{uri}: got {len(names)} files, expected one.")
        return self._download(uri, next(iter(names.values())))

    def fetch(self, uri: str, folder: Path) -> int:
        """Write everything behind an address below a folder; answers how many files it were."""
        names = self.names(uri)

        def fetch(entry: tuple[str, str]) -> None:
            path, blob = entry
            target = (folder / path).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise UserError(
                    f"{uri}: got a file named {path!r}, expected one below it. Nothing was written there."
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self._download(uri, blob))

        self._session.side_by_side(fetch, list(names.items()))
        return len(names)

    def _download(self, uri: str, blob: str) -> bytes:
        from azure.core.exceptions import AzureError

        container, _ = self._place(uri)
        try:
            content: bytes = container.download_blob(blob).readall()
        except AzureError as error:
            raise _refused(uri, error) from error
        return content

    def _place(self, uri: str) -> tuple[Any, str]:
        match = _URI.match(uri)
        if match is None:
            raise UserError(
                f"{uri}: got this address, expected one of a datastore. Fetch it with its own tool."
            )
        store = match["store"]
        if store not in self._containers:
            self._containers[store] = self._opened(store)
        return self._containers[store], match["path"].rstrip("/")

    def _opened(self, store: str) -> Any:
        from azure.storage.blob import ContainerClient

        from plumbline.azure.shared_transport import shared_transport

        path = f"{self._session.target.workspace_id}/datastores/{store}"
        body = self._session.get(path, api_version=api_version("datastores"))
        if body is None:
            raise UserError(f"datastore {store}: got nothing, expected it in the workspace.")
        properties = body["properties"]
        if properties.get("datastoreType") != "AzureBlob":
            raise UserError(
                f"datastore {store}: got type {properties.get('datastoreType')}, expected AzureBlob. "
                "Fetch its files with az storage."
            )
        return ContainerClient(
            f"https://{properties['accountName']}.blob.{properties['endpoint']}",
            properties["containerName"],
            credential=self._credential(path, properties),
            retry_policy=storage_patience(local=self._session.target.is_emulated),
            transport=shared_transport(),
        )

    def _credential(self, path: str, properties: dict[str, Any]) -> Any:
        kind = (properties.get("credentials") or {}).get("credentialsType", "None")
        if kind == "None":
            return self._session.credential
        secrets = self._session.send(
            "POST", f"{path}/listSecrets", api_version=api_version("datastores")
        ).json()
        return secrets.get("sasToken") or secrets.get("key")


def names_below(path: str, blobs: Iterable[str]) -> dict[str, str]:
    """Path below a path -> blob; a blob that is the path itself stands under its own name."""
    found = list(blobs)
    if not path:
        return {blob: blob for blob in found}
    names = {PurePosixPath(path).name: blob for blob in found if blob == path}
    return names | {blob[len(path) + 1 :]: blob for blob in found if blob.startswith(f"{path}/")}


def _refused(uri: str, error: Exception) -> UserError:
    said = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return UserError(
        f"{uri}: got no answer ({said}), expected its files. The login needs Storage Blob Data Reader."
    )
