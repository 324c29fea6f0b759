"""Files in the workspace's own storage with what a release needs to know of them: their hash, and when they changed."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.ops.errors import UserError
from plumbline.ops.job.datastore_files import DatastoreFiles, names_below
from plumbline.ops.release.digest import sha256

# The workspace's own account, where Azure keeps uploaded code, too; a datastore of one's own may lie anywhere.
OWN_STORE = "workspaceblobstore"
KEPT_BYTES = 4 << 20
# Code of a single file lies in the container itself, with no folder after it (recorded, test_code_asset 2026-03-27).
_BLOB_URL = re.compile(r"^https://(?P<host>[^/?]+)/(?P<container>[^/?]+)/(?P<path>[^?]*)$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """One blob as it was read.

    Attributes:
        changed_at: When storage last wrote it (Last-Modified).
        content: Its bytes, None when they are more than 4 MiB.
    """

    sha256: str
    changed_at: datetime
    content: bytes | None


class StoredFiles(DatastoreFiles):
    """Reads of datastores, and of blobs of the workspace's own account by their URL.

    Source: azure-storage-blob 12 `ContainerClient.list_blobs`; Code Versions - Get, `codeUri`.
    """

    def stored(self, uri: str) -> dict[str, StoredFile]:
        """Path below an address -> file; a single file stands under its own name.

        Raises: UserError: the storage refuses, or files changed while they were read.
        """
        with tempfile.TemporaryDirectory(prefix="plumbline-stored-") as folder:
            return self.stored_in(uri, Path(folder))

    def stored_in(self, uri: str, folder: Path) -> dict[str, StoredFile]:
        """The same, the files left in a folder. Raises: UserError: as `stored`."""
        self.fetch(uri, folder)
        # Asked for after the bytes came: whoever writes in between is seen by the time.
        times = self._changed_at(uri)
        found = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                found[path.relative_to(folder).as_posix()] = (sha256(content), content)
        if set(found) != set(times):
            odd = ", ".join(sorted(set(found) ^ set(times)))
            raise UserError(f"{uri}: got {odd} written or removed while it was read. Try again.")
        return {
            name: StoredFile(
                sha256=digest,
                changed_at=times[name],
                content=content if len(content) <= KEPT_BYTES else None,
            )
            for name, (digest, content) in found.items()
        }

    def is_own(self, url: str) -> bool:
        """Whether a URL leads into the workspace's own account: a login is shown to no other host."""
        match = _BLOB_URL.match(url)
        return match is not None and _plain(match["host"]) == _plain(self._own_host())

    def _changed_at(self, uri: str) -> dict[str, datetime]:
        from azure.core.exceptions import AzureError

        container, path = self._place(uri)
        try:
            blobs = list(container.list_blobs(name_starts_with=path))
        except AzureError as error:
            said = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise UserError(
                f"{uri}: got no answer ({said}), expected a list of its files. Try again."
            ) from error
        times = {str(blob.name): blob.last_modified for blob in blobs}
        return {name: times[blob] for name, blob in names_below(path, times).items()}

    def _place(self, uri: str) -> tuple[Any, str]:
        match = _BLOB_URL.match(uri)
        if match is None:
            return super()._place(uri)
        if not self.is_own(uri):
            raise UserError(
                f"{uri}: got an address outside of the workspace's own storage, expected {self._own_host()}. "
                "The login is not shown there."
            )
        key = f"{match['container']}/"  # no datastore is called so
        if key not in self._containers:
            self._containers[key] = self._own_container(match["container"])
        return self._containers[key], match["path"].strip("/")

    def _own_container(self, name: str) -> Any:
        from azure.storage.blob import ContainerClient

        from plumbline.azure.shared_transport import shared_transport

        path, properties = self._own_datastore()
        return ContainerClient(
            f"https://{self._own_host()}",
            name,
            credential=self._credential(path, properties),
            retry_total=3,
            transport=shared_transport(),
        )

    def _own_host(self) -> str:
        _, properties = self._own_datastore()
        return f"{properties['accountName']}.blob.{properties['endpoint']}"

    def _own_datastore(self) -> tuple[str, dict[str, Any]]:
        path = f"{self._session.target.workspace_id}/datastores/{OWN_STORE}"
        if self._own is None:
            self._own = self._session.get(path, api_version=api_version("datastores"))
        if self._own is None:
            raise UserError(f"datastore {OWN_STORE}: got nothing, expected it in the workspace.")
        return path, self._own["properties"]

    _own: dict[str, Any] | None = None


def _plain(host: str) -> str:
    """A host without what clients may leave out: Azure answers some addresses with the port."""
    return host.lower().removesuffix(":443")
