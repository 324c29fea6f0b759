"""What Azure Resource Graph keeps of changes: two snapshots' difference, with who made it, detected a while after the write.

Source: learn, "Get resource changes" and "Change Analysis event properties"; the members and forms of a record as a blog of
Azure Monitor's support (2023-11-07) and a logged answer (2025-05-29) show them. Not modelled: `changes`, the values before and
after; stored bodies may hold secrets.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from plumbline.emulator.noise import Noises
from plumbline.emulator.principals import Principal
from plumbline.emulator.settings import Settings
from plumbline.emulator.store import Store

_SCHEMA = (
    """CREATE TABLE change_record (sequence INTEGER PRIMARY KEY AUTOINCREMENT, kept_in TEXT NOT NULL, target TEXT NOT NULL,
        detected REAL NOT NULL, document TEXT NOT NULL)""",
    """CREATE TABLE change_snapshot (target TEXT PRIMARY KEY, id TEXT NOT NULL, shown TEXT NOT NULL, type TEXT NOT NULL,
        leaves TEXT NOT NULL)""",
    "CREATE INDEX change_record_target ON change_record (target, sequence)",
)
KEPT_SECONDS = 14 * 24 * 3600
_LONGEST_NOISE_SECONDS = 0.3
_GROUP = "microsoft.resources/subscriptions/resourcegroups"
# The service's own: they move with the write and say nothing of the resource.
_NOT_COMPARED = frozenset({"properties.provisioningState"})
# By the application id of the client. The portal's name was recorded, that of the other two is assumed.
_CLIENTS = {
    "c44b4083-3bb0-49c1-b47d-974e53cbdf3c": "Azure Portal",
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46": "Azure CLI",
    "1950a258-227b-4e31-a9cf-717495945fc2": "Azure PowerShell",
}


class ChangeRecords:
    """Appends and reads change records; a record lies in the same transaction as the write that it tells of.

    Attributes:
        lag_seconds: A record is detected that much after its write; 0 is a small one of its own under noise.
    """

    def __init__(self, *, settings: Settings, store: Store, noises: Noises) -> None:
        self._settings = settings
        self._store = store
        self._noises = noises
        self.lag_seconds = 0.0
        table = yaml.load(
            Path(__file__).with_name("change_types.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
        )
        self._tables: dict[str, str] = {kind: name for name, kinds in table.items() for kind in kinds}
        self.tables = frozenset(table)
        store.migrate("change_records", _SCHEMA)

    def record(
        self,
        *,
        principal: Principal,
        operation: str,
        resource_id: str,
        correlation_id: str,
        claims: Mapping[str, Any],
    ) -> None:
        """Adds the record of one write or delete that was taken, of a type that has change records."""
        kind, _, verb = operation.lower().rpartition("/")
        if kind not in self._tables or verb not in {"write", "delete"}:
            return
        author = {
            "correlationId": correlation_id,
            "changedByType": "User" if principal.kind == "User" else "Application",
            "clientType": _CLIENTS.get(str(claims.get("appid", "")), "Unknown"),
            "changedBy": principal.name if principal.kind == "User" else principal.client_id,
            "operation": operation,
        }
        target = resource_id.lower()
        if verb == "delete":
            held = [target, *self._below(target)] if kind == _GROUP else [target]
            for one in held:
                self._deleted(one, author)
            return
        stored = self._store.get(resource_id)
        if stored is not None:
            self._written(stored.id, kind, stored.body, author)

    def read(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table that were detected by now and are kept still, in the order of their writes."""
        now = time.time()
        rows = self._store.execute(
            "SELECT document FROM change_record WHERE kept_in = ? AND detected BETWEEN ? AND ? ORDER BY sequence",
            [table, now - KEPT_SECONDS, now],
        )
        return [json.loads(row["document"]) for row in rows]

    def _written(
        self, resource_id: str, kind: str, body: Mapping[str, Any], author: Mapping[str, Any]
    ) -> None:
        known, leaves = self._snapshot(resource_id.lower()), dict(_leaves(body))
        before = {} if known is None else json.loads(known["leaves"])
        changed = [path for path in {*before, *leaves} if before.get(path) != leaves.get(path)]
        if known is not None and not changed:
            return
        snapshot_id = f"{_ticks():020d}_{uuid.uuid4()}_{int(time.time())}"
        self._store.execute(
            "INSERT OR REPLACE INTO change_snapshot (target, id, shown, type, leaves) VALUES (?, ?, ?, ?, ?)",
            [resource_id.lower(), snapshot_id, resource_id, kind, json.dumps(leaves)],
        )
        attributes = {"newResourceSnapshotId": snapshot_id, **author}
        if known is None:
            self._add(resource_id, kind, "Create", attributes | {"changesCount": 0})
        else:
            attributes |= {"previousResourceSnapshotId": known["id"], "changesCount": len(changed)}
            self._add(resource_id, kind, "Update", attributes)

    def _deleted(self, target: str, author: Mapping[str, Any]) -> None:
        known = self._snapshot(target)
        if known is None:
            return
        self._store.execute("DELETE FROM change_snapshot WHERE target = ?", [target])
        attributes = {"previousResourceSnapshotId": known["id"], **author, "changesCount": 0}
        self._add(known["shown"], known["type"], "Delete", attributes)

    def _add(self, resource_id: str, kind: str, change_type: str, attributes: Mapping[str, Any]) -> None:
        change_id = str(uuid.uuid4())
        detected = time.time() + self._lag(change_id)
        name = f"{_ticks():020d}_{change_id}"
        document = {
            "id": f"{resource_id}/providers/Microsoft.Resources/changes/{name}",
            "name": name,
            "type": "microsoft.resources/changes",
            "tenantId": self._settings.tenant_id,
            "subscriptionId": resource_id.split("/")[2].lower(),
            "resourceGroup": resource_id.split("/")[4].lower(),
            "properties": {
                "targetResourceId": resource_id,
                "targetResourceType": kind,
                "changeType": change_type,
                "changeAttributes": {**attributes, "timestamp": stamp(detected)},
            },
        }
        self._store.execute(
            "INSERT INTO change_record (kept_in, target, detected, document) VALUES (?, ?, ?, ?)",
            [self._tables[kind], resource_id.lower(), detected, json.dumps(document)],
        )

    def _snapshot(self, target: str) -> Any:
        rows = self._store.execute("SELECT * FROM change_snapshot WHERE target = ?", [target])
        return rows[0] if rows else None

    def _below(self, target: str) -> list[str]:
        rows = self._store.execute(
            "SELECT target FROM change_snapshot WHERE substr(target, 1, ?) = ?",
            [len(target) + 1, f"{target}/"],
        )
        return [row["target"] for row in rows]

    def _lag(self, change_id: str) -> float:
        if self.lag_seconds:
            return self.lag_seconds
        if not self._noises.has("late_change_records"):
            return 0.0
        return _LONGEST_NOISE_SECONDS * int(change_id[:2], 16) / 255


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Dotted path -> digest of every value below; what is null is not there."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    elif value is not None and path not in _NOT_COMPARED:
        yield path, hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def stamp(seconds: float) -> str:
    """A time as Azure Resource Graph writes it: milliseconds, trailing zeros cut."""
    whole, _, fraction = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%f}".partition(".")
    fraction = fraction[:3].rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


def _ticks() -> int:
    return int(time.time() * 10_000_000)
