"""Long-running operations: what Azure accepts first and finishes later.

Nothing runs in the background: an operation is a row that says when it ends, so it survives a restart. Which form an
operation takes on the wire is in resource_manager/async_styles.yaml; types without a style answer at once, and under
noise in ARM's general form (``headers``).
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

from plumbline.emulator.settings import Settings
from plumbline.emulator.store import Store, now_text

_SCHEMA = (
    """CREATE TABLE operation (id TEXT PRIMARY KEY, resource_key TEXT NOT NULL, state TEXT NOT NULL,
        started TEXT NOT NULL, ready_at REAL NOT NULL)""",
    "CREATE INDEX operation_resource ON operation (resource_key, ready_at)",
    "ALTER TABLE operation ADD COLUMN error TEXT",
)
RETRY_AFTER_SECONDS = 1


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation: on which resource (its id in lower case), what it does, whether it ended, with which error."""

    id: str
    resource_id: str
    state: str
    done: bool
    error: dict[str, Any] | None


class Operations:
    """Begins operations and tells how they stand."""

    def __init__(self, *, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._pending_until = 0.0
        store.migrate("operations", _SCHEMA)
        rows = store.execute("SELECT MAX(ready_at) AS latest FROM operation")
        self._pending_until = rows[0]["latest"] or 0.0

    def begin(
        self, resource_id: str, *, state: str, seconds: float, error: dict[str, Any] | None = None
    ) -> str:
        """Starts an operation on a resource and answers its id.

        Args:
            state: provisioningState shown meanwhile: "Creating", "Updating", "Deleting".
            seconds: How long it takes; with zero the first poll finds it done.
            error: It ends failed, with this ``error``.
        """
        operation_id, ready_at = str(uuid.uuid4()), time.time() + seconds
        self._store.execute(
            "INSERT INTO operation VALUES (?, ?, ?, ?, ?, ?)",
            (
                operation_id, resource_id.rstrip("/").lower(), state, now_text(), ready_at,
                json.dumps(error) if error is not None else None,
            ),
        )  # fmt: skip
        self._pending_until = max(self._pending_until, ready_at)
        return operation_id

    def find(self, operation_id: str) -> Operation | None:
        """How an operation stands, or None when there is none."""
        rows = self._store.execute("SELECT * FROM operation WHERE id = ?", (operation_id,))
        if not rows:
            return None
        return Operation(
            id=operation_id,
            resource_id=rows[0]["resource_key"],
            state=rows[0]["state"],
            done=rows[0]["ready_at"] <= time.time(),
            error=json.loads(rows[0]["error"]) if rows[0]["error"] else None,
        )

    def headers(self, operation_id: str, *, location: bool = False) -> dict[str, str]:
        """Headers that lead a poller to the operation: Azure-AsyncOperation, or Location for a DELETE."""
        base = self._settings.base_url
        kind = "operationResults" if location else "operationStatuses"
        url = f"{base}{self._settings.subscription_scope}/providers/Microsoft.Resources/{kind}/{operation_id}"
        name = "location" if location else "azure-asyncoperation"
        return {name: f"{url}?api-version=2021-04-01", "retry-after": str(RETRY_AFTER_SECONDS)}

    def status(self, operation_id: str) -> dict[str, Any] | None:
        """{"id", "name", "status", "startTime"[, "endTime"]} of an operation, or None when there is none."""
        rows = self._store.execute("SELECT * FROM operation WHERE id = ?", (operation_id,))
        if not rows:
            return None
        done = rows[0]["ready_at"] <= time.time()
        answer = {
            "id": f"{self._settings.subscription_scope}/providers/Microsoft.Resources/operationStatuses/{operation_id}",
            "name": operation_id,
            "status": "Succeeded" if done else "InProgress",
            "startTime": rows[0]["started"],
        }
        return answer | ({"endTime": now_text()} if done else {})

    def state_of(self, resource_id: str) -> str | None:
        """The provisioningState to show instead of the stored one, while an operation is under way."""
        now = time.time()
        if now >= self._pending_until:
            return None
        rows = self._store.execute(
            "SELECT state FROM operation WHERE resource_key = ? AND ready_at > ? ORDER BY ready_at DESC LIMIT 1",
            (resource_id.rstrip("/").lower(), now),
        )
        return rows[0]["state"] if rows else None
