"""Blobs: rows that say which content a name has now, with its headers and metadata."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from plumbline.emulator.services.blob.containers import CONTAINER_TYPE
from plumbline.emulator.services.blob.content import Content, ContentFolder
from plumbline.emulator.store import Resource, Store

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_SCHEMA = (
    """CREATE TABLE blob (container_key TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL, md5 TEXT NOT NULL,
        size INTEGER NOT NULL, etag TEXT NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL,
        headers TEXT NOT NULL, metadata TEXT NOT NULL, PRIMARY KEY (container_key, name)) WITHOUT ROWID""",
    "CREATE INDEX blob_content ON blob (sha256)",
    """CREATE TABLE blob_block (container_key TEXT NOT NULL, blob TEXT NOT NULL, block TEXT NOT NULL,
        sha256 TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (container_key, blob, block)) WITHOUT ROWID""",
    "CREATE INDEX blob_block_content ON blob_block (sha256)",
    """CREATE TABLE blob_list (container_key TEXT NOT NULL, blob TEXT NOT NULL, blocks TEXT NOT NULL, sha256 TEXT NOT NULL,
        PRIMARY KEY (container_key, blob)) WITHOUT ROWID""",
)


# Refuses a write by raising, given the blob as it is in the very transaction that writes.
Condition = Callable[["Blob | None"], None]


def _always(_: Blob | None) -> None:
    """No condition."""


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A blob as it is now.

    Args:
        headers: content-type, content-encoding, content-language, content-disposition, cache-control; as sent.
        etag: without quotes.
    """

    name: str
    sha256: str
    md5: str
    size: int
    etag: str
    created: datetime
    modified: datetime
    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


class Blobs:
    """Every blob of the emulator. Safe from any thread; what a method wrote survives kill -9 when it returns."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self.content = ContentFolder(folder)
        # A content's name on disk and the row that points at it change together, whichever thread it is.
        self._lock = threading.RLock()
        store.migrate("blob", _SCHEMA)
        store.on_delete(self._container_gone)

    def find(self, container: Resource, name: str) -> Blob | None:
        """One blob, or None."""
        rows = self._store.execute(
            "SELECT * FROM blob WHERE container_key = ? AND name = ?", (_key(container), name)
        )
        return _blob(rows[0]) if rows else None

    def path(self, blob: Blob) -> Path:
        """The file with a blob's bytes: to be read, never written."""
        return self.content.path(blob.sha256)

    def list(self, container: Resource, prefix: str = "", *, start: str = "") -> list[Blob]:
        """Blobs whose name begins with `prefix`, from the name `start` on, in the order of the names' bytes."""
        rows = self._store.execute(
            "SELECT * FROM blob WHERE container_key = ? AND name >= ? AND substr(name, 1, ?) = ? ORDER BY name",
            (_key(container), max(start, prefix), len(prefix), prefix),
        )
        return [_blob(row) for row in rows]

    def put(
        self,
        container: Resource,
        name: str,
        data: bytes | Path | Content,
        *,
        headers: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        condition: Condition = _always,
        blocks: Sequence[str] = (),
    ) -> Blob:
        """Create or replace a blob from bytes, a file (copied) or content that was received.

        Args:
            blocks: ids of the blocks that it is made of, in order; none of a blob that was sent in one piece.
        Raises: whatever `condition` raises; the content is thrown away then.
        """
        content = data if isinstance(data, Content) else self.content.take(data)
        now = datetime.now(UTC)
        with self._lock, self._store.transaction():
            present = self.find(container, name)
            try:
                condition(present)
            except BaseException:
                self.content.discard(content)
                raise
            self.content.keep(content)
            blob = Blob(
                name=name,
                sha256=content.sha256,
                md5=content.md5,
                size=content.size,
                etag=_new_etag(),
                created=present.created if present else now,
                modified=now,
                headers=dict(headers or {}),
                metadata=dict(metadata or {}),
            )
            self._write(container, blob)
            self._store.execute(
                "DELETE FROM blob_block WHERE container_key = ? AND blob = ?", (_key(container), name)
            )
            self._store.execute(
                "REPLACE INTO blob_list VALUES (?, ?, ?, ?)",
                (_key(container), name, json.dumps(list(blocks)), content.sha256),
            )
        return blob

    def change(
        self,
        container: Resource,
        name: str,
        *,
        headers: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        condition: Condition = _always,
    ) -> Blob | None:
        """Replace a blob's headers or metadata; its content stays. None when there is no such blob."""
        with self._lock, self._store.transaction():
            blob = self.find(container, name)
            if blob is None:
                return None
            condition(blob)
            changed = replace(
                blob,
                etag=_new_etag(),
                modified=datetime.now(UTC),
                headers=dict(blob.headers if headers is None else headers),
                metadata=dict(blob.metadata if metadata is None else metadata),
            )
            self._write(container, changed)
        return changed

    def copy(
        self,
        source: Blob,
        container: Resource,
        name: str,
        metadata: Mapping[str, str] | None = None,
        *,
        condition: Condition = _always,
    ) -> Blob:
        """A blob with another's bytes and headers. Nothing is copied on disk."""
        now = datetime.now(UTC)
        copied = Blob(
            name=name,
            sha256=source.sha256,
            md5=source.md5,
            size=source.size,
            etag=_new_etag(),
            created=now,
            modified=now,
            headers=source.headers,
            metadata=dict(metadata or source.metadata),
        )
        with self._lock, self._store.transaction():
            condition(self.find(container, name))
            self._write(container, copied)
        return copied

    def delete(self, container: Resource, name: str, *, condition: Condition = _always) -> bool:
        """Remove a blob; whether there was one."""
        with self._lock, self._store.transaction():
            blob = self.find(container, name)
            if blob is not None:
                condition(blob)
            self._store.execute(
                "DELETE FROM blob WHERE container_key = ? AND name = ?", (_key(container), name)
            )
        return blob is not None

    # -- blocks

    def stage(self, container: Resource, name: str, block: str, content: Content) -> None:
        """Keep a block until a block list names it."""
        with self._lock, self._store.transaction():
            self.content.keep(content)
            self._store.execute(
                "REPLACE INTO blob_block VALUES (?, ?, ?, ?, ?)",
                (_key(container), name, block, content.sha256, content.size),
            )

    def staged(self, container: Resource, name: str) -> dict[str, tuple[str, int]]:
        """Uncommitted blocks of a blob: id -> (sha256, size)."""
        rows = self._store.execute(
            "SELECT block, sha256, size FROM blob_block WHERE container_key = ? AND blob = ?",
            (_key(container), name),
        )
        return {row["block"]: (row["sha256"], row["size"]) for row in rows}

    def blocks_of(self, container: Resource, name: str) -> tuple[str, ...]:
        """Ids of the blocks that a committed blob is made of, in order; none when it was sent in one piece."""
        blob = self.find(container, name)
        rows = self._store.execute(
            "SELECT blocks FROM blob_list WHERE container_key = ? AND blob = ? AND sha256 = ?",
            (_key(container), name, blob.sha256 if blob else ""),
        )
        return tuple(json.loads(rows[0]["blocks"])) if rows else ()

    # -- inside

    def _write(self, container: Resource, blob: Blob) -> None:
        self._store.execute(
            "REPLACE INTO blob VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                _key(container),
                blob.name,
                blob.sha256,
                blob.md5,
                blob.size,
                blob.etag,
                blob.created.isoformat(),
                blob.modified.isoformat(),
                json.dumps(dict(blob.headers)),
                json.dumps(dict(blob.metadata)),
            ),
        )

    def _container_gone(self, resource: Resource) -> None:
        if resource.type.lower() != CONTAINER_TYPE.lower():
            return
        with self._lock:
            key = (_key(resource),)
            self._store.execute("DELETE FROM blob WHERE container_key = ?", key)
            self._store.execute("DELETE FROM blob_block WHERE container_key = ?", key)
            self._store.execute("DELETE FROM blob_list WHERE container_key = ?", key)

    def sweep(self) -> None:
        """Remove files that no row names any more.

        Only at start: a file may go when the row is gone for good, and in the middle of a transaction, or with another
        request under way, that cannot be known.
        """
        with self._lock:
            for sha256 in self.content.everything():
                used = self._store.execute(
                    "SELECT 1 FROM blob WHERE sha256 = ? UNION ALL SELECT 1 FROM blob_block WHERE sha256 = ? LIMIT 1",
                    (sha256, sha256),
                )
                if not used:
                    self.content.forget(sha256)


def _key(container: Resource) -> str:
    return container.id.lower()


def _new_etag() -> str:
    return f"0x{uuid.uuid4().hex[:15].upper()}"


def _blob(row: sqlite3.Row) -> Blob:
    return Blob(
        name=row["name"],
        sha256=row["sha256"],
        md5=row["md5"],
        size=row["size"],
        etag=row["etag"],
        created=datetime.fromisoformat(row["created"]),
        modified=datetime.fromisoformat(row["modified"]),
        headers=json.loads(row["headers"]),
        metadata=json.loads(row["metadata"]),
    )


def blobs_of(emulator: Emulator) -> Blobs:
    """The blobs of an emulator: for services that write files themselves, such as the executor."""
    blobs = getattr(emulator, "blobs", None)
    if not isinstance(blobs, Blobs):
        blobs = Blobs(emulator.store, emulator.settings.home / "blobs")
        emulator.blobs = blobs
    return blobs
