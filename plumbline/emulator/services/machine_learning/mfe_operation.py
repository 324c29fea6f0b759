"""Azure ML's own long-running operations: addresses below `locations/R/mfeOperationsStatus` and `mfeOperationResults`.

Their names say what is done and where: `s:<workspace GUID>:<token>` for a schedule, `jc:<workspace GUID>:<job>` for the
cancellation of a job. Neither has `Retry-After`; the addresses are 4 kB long.
Source: recorded schedule tests, 2023-10-27 to 2024-02-21, and cancels, 2023-10-27.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from datetime import UTC, datetime
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.executor.run import time_text
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.machine_learning.asset_place import PROVIDER, WORKSPACE
from plumbline.emulator.store import Resource, Store

_SCHEMA = (
    """CREATE TABLE mfe_operation (name TEXT PRIMARY KEY, resource_key TEXT NOT NULL, doing TEXT NOT NULL,
        error TEXT NOT NULL, started REAL NOT NULL, ready_at REAL NOT NULL, unseen INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX mfe_operation_resource ON mfe_operation (resource_key, ready_at)",
)
_SLOW_SECONDS = 1.0
_SIGNATURES = {"c": 2700, "s": 340, "h": 40}


def prepare(store: Store) -> None:
    """Make the table."""
    store.migrate("mfe operations", _SCHEMA)


def begin(
    call: Call,
    workspace: Resource,
    resource_id: str,
    doing: str,
    *,
    refusal: str = "",
    location: bool = False,
) -> dict[str, str]:
    """Begin an operation on a schedule and return the headers that lead to it.

    Args:
        doing: "Creating" or "Deleting": the status meanwhile.
        refusal: why it will fail; empty when it will succeed.
        location: answer a Location, too.
    """
    now = time.time()
    token = hashlib.sha256(f"{resource_id} {now}".encode()).digest()
    name = f"s:{_guid(workspace)}:{base64.urlsafe_b64encode(token).decode().rstrip('=')}"
    # How long it takes is not Azure's to promise: none at all, or, with noise, a while and at least one look at it.
    slow = call.emulator.noises.has("slow_operations")
    call.emulator.store.execute(
        "INSERT INTO mfe_operation VALUES (?, ?, ?, ?, ?, ?, ?)",
        (name, resource_id.lower(), doing, refusal, now, now + (_SLOW_SECONDS if slow else 0.0), int(slow)),
    )
    headers = {
        "azure-asyncoperation": _address(call, "mfeOperationsStatus", name),
        "x-ms-async-operation-timeout": "PT30M",
    }
    return headers | ({"location": _address(call, "mfeOperationResults", name)} if location else {})


def state_of(call: Call, resource_id: str) -> str | None:
    """Return the provisioningState of a schedule while an operation on it is under way."""
    rows = call.emulator.store.execute(
        "SELECT doing FROM mfe_operation WHERE resource_key = ? AND ready_at > ?",
        (resource_id.lower(), time.time()),
    )
    return rows[0]["doing"] if rows else None


def cancel_address(call: Call, workspace: Resource, job: str) -> str:
    """Return the address that tells when a cancelled job has ended."""
    return _address(call, "mfeOperationResults", f"jc:{_guid(workspace)}:{job}")


def read_status(call: Call) -> Reply:
    """GET mfeOperationsStatus/{operation}: how an operation on a schedule stands."""
    row = _row(call)
    name = call.params["operation"]
    answer: dict[str, Any] = {
        "id": f"{call.path.rsplit('/', 2)[0]}/mfeOperationResults/{name}",
        "name": name,
        "status": row["doing"],
    }
    if row["unseen"] or row["ready_at"] > time.time():
        call.emulator.store.execute("UPDATE mfe_operation SET unseen = 0 WHERE name = ?", (name,))
        return Reply(json=answer)
    if row["error"]:
        error = {"code": "UserError", "message": row["error"], "details": [], "additionalInfo": []}
        return Reply(json={"error": error, **answer, "status": "Failed"})
    ended = datetime.fromtimestamp(row["ready_at"], UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    return Reply(
        json=answer | {"status": "Succeeded", "startTime": time_text(row["started"]), "endTime": ended}
    )


def read_result(call: Call) -> Reply:
    """GET mfeOperationResults/{operation}: 202 with `{}` until it has ended, then 200 without a body."""
    kind, _, rest = call.params["operation"].partition(":")
    if kind == "jc":
        guid, _, job = rest.partition(":")
        ended = _has_ended(call, guid, job)
    else:
        ended = _row(call)["ready_at"] <= time.time()
    if ended:
        return Reply(status=200, body=b"")
    return Reply(
        status=202,
        json={},
        headers={"location": _address(call, "mfeOperationResults", call.params["operation"])},
    )


def _has_ended(call: Call, guid: str, job: str) -> bool:
    store = call.emulator.store
    for row in store.execute("SELECT id FROM resource WHERE type_key = ?", (WORKSPACE.type.lower(),)):
        workspace = store.get(row["id"])
        if workspace is not None and _guid(workspace) == guid:
            run = call.emulator.executor.runs.get(workspace.id, job)
            return run is None or run.ended
    return True


def _row(call: Call) -> Any:
    name = call.params["operation"]
    rows = call.emulator.store.execute("SELECT * FROM mfe_operation WHERE name = ?", (name,))
    if not rows:
        raise AzureError(404, "UserError", f"Operation {name} not found", inner=("NotFound",))
    return rows[0]


def _guid(workspace: Resource) -> str:
    return str(workspace.body["properties"].get("workspaceId", ""))


def _address(call: Call, kind: str, name: str) -> str:
    """Return an address with the signature that Azure adds; nobody checks it here."""
    settings = call.emulator.settings
    scope = f"{call.subscription_scope}/providers/{PROVIDER}/locations/{settings.location}"
    seed = json.dumps([kind, name]).encode()
    signed = "".join(f"&{key}={_filler(seed, key, size)}" for key, size in _SIGNATURES.items())
    ticks = int(time.time() * 1e7) + 621355968000000000
    return f"{call.base_url}{scope}/{kind}/{name}?api-version={call.api_version}&t={ticks}{signed}"


def _filler(seed: bytes, key: str, size: int) -> str:
    whole = hashlib.shake_256(seed + key.encode()).digest(size)
    return base64.urlsafe_b64encode(whole).decode()[:size]
