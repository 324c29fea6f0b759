"""Keys and tokens of endpoints: derived from the home's key and a count of how often each was renewed."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

from plumbline.emulator.errors import AzureError, resource_not_found
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.store import Resource, Store

_SCHEMA = (
    """CREATE TABLE endpoint_key (endpoint_key TEXT NOT NULL, name TEXT NOT NULL, renewed INTEGER NOT NULL,
        PRIMARY KEY (endpoint_key, name)) WITHOUT ROWID""",
)
_NAMES = {"primary": "primaryKey", "secondary": "secondaryKey"}
_TOKEN_SECONDS = 12 * 3600
Handler = Callable[[Call], Reply]


def prepare(store: Store) -> None:
    """Make the table of renewals."""
    store.migrate("endpoint_key", _SCHEMA)


def list_keys(call: Call) -> Reply:
    """POST listKeys: primaryKey and secondaryKey."""
    endpoint = _endpoint(call)
    return Reply(json={shown: _key(call, endpoint, name) for name, shown in _NAMES.items()})


def regenerate_keys(call: Call) -> Reply:
    """POST regenerateKeys: a new primary or secondary key. Raises: AzureError: 400 for any other keyType."""
    endpoint, wanted = _endpoint(call), str(call.json().get("keyType", "")).lower()
    if wanted not in _NAMES:
        raise AzureError(400, "UserError", f"keyType '{wanted}' is not one of Primary, Secondary.", "keyType")
    store = call.emulator.store
    store.execute("INSERT OR IGNORE INTO endpoint_key VALUES (?, ?, 0)", (endpoint.id.lower(), wanted))
    store.execute(
        "UPDATE endpoint_key SET renewed = renewed + 1 WHERE endpoint_key = ? AND name = ?",
        (endpoint.id.lower(), wanted),
    )
    return Reply(json={shown: _key(call, endpoint, name) for name, shown in _NAMES.items()})


def token(call: Call) -> Reply:
    """POST token: one for scoring, which nothing takes here."""
    endpoint, now = _endpoint(call), int(time.time())
    return Reply(
        json={
            "accessToken": _key(call, endpoint, "token"),
            "tokenType": "Bearer",
            "expiryTimeUtc": now + _TOKEN_SECONDS,
            "refreshAfterTimeUtc": now + _TOKEN_SECONDS // 2,
        }
    )


def _endpoint(call: Call) -> Resource:
    endpoint_id = call.path.rstrip("/").rsplit("/", 1)[0]
    found = call.emulator.store.get(endpoint_id)
    if found is None:
        raise resource_not_found(endpoint_id)
    return found


def _key(call: Call, endpoint: Resource, name: str) -> str:
    rows = call.emulator.store.execute(
        "SELECT renewed FROM endpoint_key WHERE endpoint_key = ? AND name = ?", (endpoint.id.lower(), name)
    )
    renewed = rows[0]["renewed"] if rows else 0
    secret = call.emulator.sas.derive(f"{endpoint.id.lower()}/{name}/{renewed}")
    return base64.b64encode(secret).decode()
