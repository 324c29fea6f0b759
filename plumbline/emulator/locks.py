"""Management locks: what stands under one is not deleted, and under ReadOnly not written either.

The words are those that users of Azure quote; a lock's own deletion is never refused.
"""

from __future__ import annotations

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call
from plumbline.emulator.store import Resource

LOCK_TYPE = "Microsoft.Authorization/locks"
_MARKER = f"/providers/{LOCK_TYPE}/".lower()
_WRITES = frozenset({"PUT", "PATCH"})


def require_unlocked(call: Call) -> None:
    """Raises: AzureError: 409 ScopeLocked, for a deletion or write that a lock at, above or below the scope forbids."""
    if call.method != "DELETE" and call.method not in _WRITES:
        return
    target = call.path.rstrip("/")
    lowered = target.lower()
    if _MARKER in f"{lowered}/":
        return
    deletes = call.method == "DELETE"
    held = [
        scope
        for scope, level in _scopes(call)
        if (deletes or level == "ReadOnly") and _covers(scope.lower(), lowered, below=deletes)
    ]
    if held:
        stored = call.emulator.store.get(target)
        verb = "delete" if deletes else "write"
        raise AzureError(
            409,
            "ScopeLocked",
            f"The scope '{stored.id if stored is not None else target}' cannot perform {verb} operation because "
            f"following scope(s) are locked: '{', '.join(held)}'. Please remove the lock and try again.",
            gateway=True,
        )


def _scopes(call: Call) -> list[tuple[str, str]]:
    locks: list[Resource] = call.emulator.store.list("", LOCK_TYPE, below=True)
    return [(_scope(lock.id), str(lock.body["properties"]["level"])) for lock in locks]


def _scope(lock_id: str) -> str:
    return lock_id[: lock_id.lower().rindex(_MARKER)]


def _covers(locked: str, target: str, *, below: bool) -> bool:
    """The lock holds at the target: it stands on it or above, or on something that would go with it."""
    return target == locked or target.startswith(f"{locked}/") or (below and locked.startswith(f"{target}/"))
