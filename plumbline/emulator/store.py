"""Every resource the emulator knows, in SQLite: kept before it is acknowledged, found without regard to case.

WAL with synchronous=NORMAL: what a commit acknowledged survives kill -9 (only a power cut could take the last commits).
Calls are synchronous, take tens of microseconds, and may come from any thread; one writes at a time.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plumbline.emulator.principals import Principal

_SCHEMA = (
    """CREATE TABLE resource (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, parent TEXT NOT NULL, id TEXT NOT NULL,
        name TEXT NOT NULL, type TEXT NOT NULL, type_key TEXT NOT NULL, body TEXT NOT NULL, system_data TEXT NOT NULL,
        etag TEXT NOT NULL)""",
    "CREATE INDEX resource_children ON resource (parent, type_key, sequence)",
    "CREATE INDEX resource_types ON resource (type_key, sequence)",
)
_KEPT_LISTS = 16
SEEDED_BY = "Azure"
"""In systemData: the emulator made it, not a caller."""
_COLUMNS = "sequence, id, name, type, body, system_data, etag"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One stored resource. ``body`` is exactly what was put; id, name, type and systemData stand beside it."""

    sequence: int
    id: str
    name: str
    type: str
    body: dict[str, Any] = field(default_factory=dict)
    system_data: dict[str, str] = field(default_factory=dict)
    etag: str = ""


class AlreadyThere(Exception):
    """``put(if_absent=True)`` met a resource under the same id."""


def now_text() -> str:
    """The present in Azure's form: 2026-01-31T12:00:00.1234567Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def parent_of(resource_id: str) -> str:
    """The id one level up: a child's resource, a resource's group or extension scope, a group's subscription."""
    segments = resource_id.rstrip("/").split("/")[:-2]
    if len(segments) >= 2 and segments[-2].lower() == "providers":
        segments = segments[:-2]
    return "/".join(segments)


class Store:
    """The database of one emulator home."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._deleted: list[Callable[[Resource], None]] = []
        self._changes = 0
        self._made: dict[tuple[str, ...], tuple[int, Sequence[Resource]]] = {}
        self.before_commit: Callable[[], None] | None = None
        self.migrate("store", _SCHEMA)

    def close(self) -> None:
        """Folds the WAL into the database and closes it."""
        with self._lock:
            self._connection.close()

    # -- transactions and private tables

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing for everything inside, also across calls; nests (the outermost one commits).

        Never await inside: other requests would wait, or join in.
        """
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                # SQLite rolls back by itself after some failures, a full disk among them.
                if self._depth == 0 and self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._commit()

    def _commit(self) -> None:
        try:
            if self.before_commit is not None:
                self.before_commit()
            self._connection.execute("COMMIT")
        except BaseException:
            # A full disk, for one: left open, the transaction would refuse every later one.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def migrate(self, owner: str, statements: Sequence[str]) -> None:
        """Runs those of a service's SQL statements that this database has not run yet, in order.

        Append to the list; never edit a statement that was released.
        """
        with self.transaction():
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS migration (owner TEXT PRIMARY KEY, done INTEGER)"
            )
            row = self._connection.execute("SELECT done FROM migration WHERE owner = ?", (owner,)).fetchone()
            for statement in statements[row["done"] if row else 0 :]:
                self._connection.execute(statement)
            self._connection.execute("REPLACE INTO migration VALUES (?, ?)", (owner, len(statements)))

    def execute(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        """Runs SQL on a service's private tables and answers its rows (empty for a write)."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    # -- resources

    def get(self, resource_id: str) -> Resource | None:
        """The resource of that id, or None. Case of the id does not matter."""
        rows = self.execute(f"SELECT {_COLUMNS} FROM resource WHERE key = ?", (_key(resource_id),))
        return _resource(rows[0]) if rows else None

    def put(
        self,
        resource_id: str,
        body: dict[str, Any],
        *,
        type: str,
        principal: Principal | None,
        if_absent: bool = False,
        stamps: bool = True,
    ) -> Resource:
        """Creates or replaces a resource; an existing one keeps its id's case, place in lists and creation data.

        Args:
            principal: Who does it, for systemData; None for what the emulator seeds itself.
            stamps: Whether a change of an existing resource enters its systemData.
        Raises: AlreadyThere: with ``if_absent``, when it exists.
        """
        with self.transaction():
            present = self.get(resource_id)
            if present is not None and if_absent:
                raise AlreadyThere(present.id)
            self._changes += 1
            stamp, etag = _stamp(principal), uuid.uuid4().hex
            text = json.dumps(body, separators=(",", ":"))
            if present is None:
                resource_id = resource_id.rstrip("/")
                created = {f"created{key}": value for key, value in stamp.items()}
                system_data = created | {f"lastModified{key}": value for key, value in stamp.items()}
                self.execute(
                    "INSERT INTO resource (key, parent, id, name, type, type_key, body, system_data, etag)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        _key(resource_id), _key(parent_of(resource_id)), resource_id, resource_id.rsplit("/", 1)[-1],
                        type, type.lower(), text, json.dumps(system_data), etag,
                    ),
                )  # fmt: skip
            else:
                changed = {f"lastModified{key}": value for key, value in stamp.items()} if stamps else {}
                system_data = present.system_data | changed
                self.execute(
                    "UPDATE resource SET body = ?, system_data = ?, etag = ? WHERE key = ?",
                    (text, json.dumps(system_data), etag, _key(resource_id)),
                )
            stored = self.get(resource_id)
            assert stored is not None
            return stored

    def delete(self, resource_id: str) -> list[Resource]:
        """Removes a resource and everything below it; answers what went, outermost first (empty: nothing there)."""
        with self.transaction():
            self._changes += 1
            key = _key(resource_id)
            below = (
                key,
                key + "/",
                key + "0",
            )  # "0" follows "/" in ASCII: a range, so that the index serves it
            rows = self.execute(
                f"SELECT {_COLUMNS} FROM resource WHERE key = ? OR (key >= ? AND key < ?) ORDER BY sequence",
                below,
            )
            gone = [_resource(row) for row in rows]
            self.execute("DELETE FROM resource WHERE key = ? OR (key >= ? AND key < ?)", below)
            for resource in gone:
                for listener in self._deleted:
                    listener(resource)
            return gone

    def list(
        self,
        parent_id: str,
        type: str | None = None,
        *,
        below: bool = False,
        newest_first: bool = False,
        limit: int | None = None,
        after: int | None = None,
    ) -> list[Resource]:
        """Resources under a parent in the order of their creation.

        Args:
            type: Only this ARM type, for example "Microsoft.Storage/storageAccounts".
            below: Also what lies deeper than one level.
            after: Only what follows this ``sequence`` in the chosen order, for paging.
        """
        parent = _key(parent_id)
        where, values = (
            ("(key >= ? AND key < ?)", [parent + "/", parent + "0"]) if below else ("parent = ?", [parent])
        )
        parameters: list[Any] = list(values)
        if type is not None:
            where += " AND type_key = ?"
            parameters.append(type.lower())
        if after is not None:
            where += f" AND sequence {'<' if newest_first else '>'} ?"
            parameters.append(after)
        order = "DESC" if newest_first else "ASC"
        parameters.append(-1 if limit is None else limit)
        rows = self.execute(
            f"SELECT {_COLUMNS} FROM resource WHERE {where} ORDER BY sequence {order} LIMIT ?", parameters
        )
        return [_resource(row) for row in rows]

    def unchanged(self, key: tuple[str, ...], make: Callable[[], Sequence[Resource]]) -> Sequence[Resource]:
        """What ``make`` answered under this key, until any resource changes: a long list is not ordered for each of its pages."""
        changes, made = self._changes, self._made.get(key)
        if made is not None and made[0] == changes:
            return made[1]
        found = make()
        self._made[key] = (changes, found)
        if len(self._made) > _KEPT_LISTS:
            self._made.pop(next(iter(self._made)))
        return found

    def newest_children(self, grandparent_id: str, type: str) -> dict[str, int]:
        """The ``sequence`` of the newest child of this ARM type of each resource below, by that resource's id in small letters."""
        above = _key(grandparent_id)
        rows = self.execute(
            "SELECT parent, MAX(sequence) AS newest FROM resource WHERE parent >= ? AND parent < ? AND type_key = ? GROUP BY parent",
            (above + "/", above + "0", type.lower()),
        )
        return {row["parent"]: row["newest"] for row in rows}

    def on_delete(self, listener: Callable[[Resource], None]) -> None:
        """Calls ``listener`` for each resource that goes, inside the transaction that removes it."""
        self._deleted.append(listener)


def _key(resource_id: str) -> str:
    return resource_id.rstrip("/").lower()


def _stamp(principal: Principal | None) -> dict[str, str]:
    if principal is None:
        return {"By": SEEDED_BY, "ByType": "Application", "At": now_text()}
    return {"By": principal.shown_name, "ByType": principal.shown_type, "At": now_text()}


def _resource(row: sqlite3.Row) -> Resource:
    return Resource(
        sequence=row["sequence"], id=row["id"], name=row["name"], type=row["type"], body=json.loads(row["body"]),
        system_data=json.loads(row["system_data"]), etag=row["etag"],
    )  # fmt: skip
