"""Content: bytes on disk, named by their digest, written once."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_CHUNK = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Content:
    """Bytes that are complete and synced, still under a temporary name until `ContentFolder.keep`.

    `md5` is base64, as storage's Content-MD5 has it.
    """

    sha256: str
    md5: str
    size: int
    incoming: Path


class ContentFolder:
    """The folder `blobs/`: a file per distinct content.

    A file is complete and synced before its name exists, so that a database row can never point at half a file.
    Two blobs of the same bytes share a file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._incoming = folder / "incoming"
        if self._incoming.exists():
            # Uploads that a kill cut off: nobody was told that they arrived.
            shutil.rmtree(self._incoming)
        self._incoming.mkdir(mode=0o700)

    def path(self, sha256: str) -> Path:
        """Where content of this digest lies."""
        return self._folder / sha256[:2] / sha256

    async def receive(self, chunks: AsyncIterator[bytes]) -> Content:
        """Write what a client sends, a chunk in memory at a time."""
        with _Incoming(self._incoming) as incoming:
            async for chunk in chunks:
                incoming.write(chunk)
            return incoming.finish()

    def take(self, data: bytes | Path) -> Content:
        """Write bytes, or a copy of a file."""
        with _Incoming(self._incoming) as incoming:
            if isinstance(data, bytes):
                incoming.write(data)
            else:
                incoming.copy(data)
            return incoming.finish()

    def join(self, parts: Iterable[str]) -> Content:
        """Write the concatenation of contents that are here (a block list)."""
        with _Incoming(self._incoming) as incoming:
            for sha256 in parts:
                incoming.copy(self.path(sha256))
            return incoming.finish()

    def keep(self, content: Content) -> None:
        """Give written content its lasting name; the caller commits the row that points at it right after."""
        target = self.path(content.sha256)
        if target.exists():
            content.incoming.unlink()
            return
        target.parent.mkdir(mode=0o700, exist_ok=True)
        content.incoming.rename(target)
        # The new name itself must survive a power cut, not only the bytes behind it.
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self, content: Content) -> None:
        """Throw away written content that is not wanted after all."""
        content.incoming.unlink(missing_ok=True)

    def everything(self) -> list[str]:
        """Digests of all kept contents."""
        return [path.name for path in self._folder.glob("??/*")]

    def forget(self, sha256: str) -> None:
        """Remove content that no row names any more."""
        self.path(sha256).unlink(missing_ok=True)


class _Incoming:
    """A file that is being written; removed unless it is finished."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / uuid.uuid4().hex
        self._file = self._path.open("wb")
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0
        self._finished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if not self._finished:
            self._path.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._sha256.update(chunk)
        self._md5.update(chunk)
        self._size += len(chunk)

    def copy(self, source: Path) -> None:
        with source.open("rb") as file:
            while chunk := file.read(_CHUNK):
                self.write(chunk)

    def finish(self) -> Content:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._finished = True
        return Content(
            sha256=self._sha256.hexdigest(),
            md5=base64.b64encode(self._md5.digest()).decode(),
            size=self._size,
            incoming=self._path,
        )
