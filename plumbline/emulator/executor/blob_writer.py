"""Writes files to blobs; a file that no blob can be named after, or that cannot be read, is left out by name."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from plumbline.emulator.services.blob.blobs import Blob, Blobs
from plumbline.emulator.store import Resource

# Lists of blobs are XML, which has no way to write these.
_NOT_IN_XML = re.compile("[\x00-\x1f\ufffe\uffff]")
_NAMED = 10


class LeftOut(Exception):
    """A file or folder that is not kept; the message names it and says why."""

    def __init__(self, name: str, why: str) -> None:
        """Args: name: as it is on the disk, whatever bytes it has."""
        super().__init__(f"'{shown_name(name)}' is not kept: {why}")


class BlobWriter:
    """Writes one file, or all files of a folder side by side."""

    def __init__(self, blobs: Blobs) -> None:
        """Args: blobs: where they go."""
        self._blobs = blobs
        self._threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="upload")

    def file(self, container: Resource, name: str, file: Path) -> Blob:
        """Write one file. Raises: LeftOut, and OSError when the store's own disk refuses."""
        blob = self._write(container, name, file)
        if isinstance(blob, LeftOut):
            raise blob
        return blob

    def folder(
        self, container: Resource, prefix: str, folder: Path, left_out: list[LeftOut]
    ) -> dict[str, Blob]:
        """Write a folder's files below a prefix and return them by their path in the folder; links are left out.

        Args:
            left_out: takes what is not kept.
        Raises: OSError: the store's own disk refuses.
        """
        files: list[Path] = []
        for found in _files(folder):
            if isinstance(found, LeftOut):
                left_out.append(found)
            else:
                files.append(found)
        files.sort()
        names = [file.relative_to(folder).as_posix() for file in files]
        targets = [f"{prefix}/{name}" if prefix else name for name in names]
        shown = [f"{folder.name}/{name}" for name in names]
        # Side by side: each waits for the disk.
        written = self._threads.map(self._write, [container] * len(files), targets, files, shown)
        kept: dict[str, Blob] = {}
        for name, blob in zip(names, list(written), strict=True):
            if isinstance(blob, LeftOut):
                left_out.append(blob)
            else:
                kept[name] = blob
        return kept

    def _write(self, container: Resource, name: str, file: Path, shown: str = "") -> Blob | LeftOut:
        """Put one file; content that is here already is not written again."""
        shown = shown or file.name
        if why := _unfit(name):
            return LeftOut(shown, why)
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        try:
            with file.open("rb") as stream:
                while chunk := stream.read(1 << 20):
                    sha256.update(chunk)
                    md5.update(chunk)
                size = os.fstat(stream.fileno()).st_size
        except OSError as error:
            return LeftOut(shown, f"it cannot be read ({error.strerror or error})")
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        if not self._blobs.content.path(sha256.hexdigest()).exists():
            return self._blobs.put(container, name, file, headers={"content-type": kind})
        now = datetime.now(UTC)
        there = Blob(
            name=name,
            sha256=sha256.hexdigest(),
            md5=base64.b64encode(md5.digest()).decode(),
            size=size,
            etag="",
            created=now,
            modified=now,
            headers={"content-type": kind},
        )
        return self._blobs.copy(there, container, name)


def shown_name(name: str) -> str:
    """Return a name that can be printed, sent and stored, with what cannot as an escape."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def in_words(left_out: list[LeftOut]) -> list[str]:
    """Return a sentence each for the first of them, and one that counts the rest."""
    rest = len(left_out) - _NAMED
    return [str(one) for one in left_out[:_NAMED]] + ([f"{rest} more files are not kept"] if rest > 0 else [])


def _unfit(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    return "its name has a control character" if _NOT_IN_XML.search(name) else ""


def _files(folder: Path) -> Iterator[Path | LeftOut]:
    """Yield the files below a folder, however deep it is."""
    waiting = [folder]
    while waiting:
        one = waiting.pop()
        try:
            with os.scandir(one) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    elif entry.is_file(follow_symlinks=False):
                        yield Path(entry.path)
        except OSError as error:
            name = one.relative_to(folder.parent).as_posix()
            yield LeftOut(
                name if len(name) < 200 else f"{name[:200]}...",
                f"the folder cannot be read ({error.strerror or error})",
            )
