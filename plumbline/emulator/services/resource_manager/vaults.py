"""Key vaults: protections that cannot be taken back, and soft deletion.

Azure keeps a deleted vault for 7 to 90 days and refuses its name meanwhile, until it is recovered (``createMode``) or
purged. The words are those that users of Azure quote.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from plumbline.emulator.app import Emulator
from plumbline.emulator.errors import AzureError, bad_request
from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.resource_manager import checks, private_link
from plumbline.emulator.services.resource_manager.resource_handlers import Hooks
from plumbline.emulator.store import Resource, now_text

_VERSIONS = (
    "2024-11-01", "2023-07-01", "2023-02-01", "2022-07-01", "2021-10-01", "2019-09-01", "2025-05-01", "2026-02-01",
)  # fmt: skip
_SCHEMA = (
    """CREATE TABLE deleted_vault (name TEXT PRIMARY KEY, vault TEXT NOT NULL, location TEXT NOT NULL,
        body TEXT NOT NULL, deleted TEXT NOT NULL)""",
)
_DELETED = "Microsoft.KeyVault/locations/deletedVaults"


def start(emulator: Emulator) -> None:
    """Makes the table of deleted vaults, and fills it whichever way a vault goes (its group's deletion too)."""
    emulator.store.migrate("vaults", _SCHEMA)

    def keep(gone: Resource) -> None:
        if gone.type == "Microsoft.KeyVault/vaults":
            emulator.store.execute(
                "REPLACE INTO deleted_vault VALUES (?, ?, ?, ?, ?)",
                (gone.name.lower(), gone.id, gone.body["location"], json.dumps(gone.body), now_text()),
            )

    emulator.store.on_delete(keep)


def _before_put(call: Call, resource_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    old = present.body["properties"] if present is not None else {}
    if old.get("enablePurgeProtection") and body["properties"].get("enablePurgeProtection") is False:
        raise bad_request(
            "BadRequest",
            'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is '
            "an irreversible action.",
        )
    if present is not None:
        return
    name = resource_id.rsplit("/", 1)[-1]
    kept = _find(call, name)
    recover = (call.json().get("properties") or {}).get("createMode") == "recover"
    if kept is None and recover:
        raise AzureError(404, "DeletedVaultNotFound", f"A vault named '{name}' exists in no deleted state.")
    if kept is not None and not recover:
        raise AzureError(
            409,
            "ConflictError",
            "A vault with the same name already exists in deleted state. You need to either recover or purge existing "
            "key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft "
            "delete.",
        )
    if kept is not None:
        body["properties"] = kept["body"]["properties"]
        call.emulator.store.execute("DELETE FROM deleted_vault WHERE name = ?", (name.lower(),))


VAULT_HOOKS = Hooks(before_put=_before_put, presented=private_link.with_connections_if_any)


def list_deleted(call: Call) -> Reply:
    """Deleted vaults of the subscription."""
    checks.check_version(call, _VERSIONS, provider_type="deletedVaults")
    rows = call.emulator.store.execute("SELECT name FROM deleted_vault ORDER BY deleted")
    return Reply(json={"value": [_answer(call, _known(call, row["name"])) for row in rows]})


def get_deleted(call: Call) -> Reply:
    """One deleted vault."""
    checks.check_version(call, _VERSIONS, provider_type="deletedVaults")
    return Reply(json=_answer(call, _known(call, call.params["name"])))


def purge(call: Call) -> Reply:
    """Ends a deleted vault for good.

    Raises: AzureError: 405 when it was protected against that.
    """
    checks.check_version(call, _VERSIONS, provider_type="deletedVaults")
    kept = _known(call, call.params["name"])
    if kept["body"]["properties"].get("enablePurgeProtection"):
        raise AzureError(405, "MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed.")
    call.emulator.store.execute("DELETE FROM deleted_vault WHERE name = ?", (kept["name"],))
    return Reply(status=200)


def _find(call: Call, name: str) -> dict[str, Any] | None:
    rows = call.emulator.store.execute("SELECT * FROM deleted_vault WHERE name = ?", (name.lower(),))
    return {**dict(rows[0]), "body": json.loads(rows[0]["body"])} if rows else None


def _known(call: Call, name: str) -> dict[str, Any]:
    kept = _find(call, name)
    if kept is None:
        raise AzureError(404, "DeletedVaultNotFound", f"The specified deleted vault '{name}' does not exist.")
    return kept


def _answer(call: Call, kept: dict[str, Any]) -> dict[str, Any]:
    name, properties = kept["vault"].rsplit("/", 1)[-1], kept["body"]["properties"]
    days = int(properties.get("softDeleteRetentionInDays", 90))
    purged = datetime.fromisoformat(kept["deleted"]) + timedelta(days=days)
    shown = {"purgeProtectionEnabled": True} if properties.get("enablePurgeProtection") else {}
    scope = call.subscription_scope
    return {
        "id": f"{scope}/providers/Microsoft.KeyVault/locations/{kept['location']}/deletedVaults/{name}",
        "name": name,
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": {
            "vaultId": kept["vault"],
            "location": kept["location"],
            "deletionDate": kept["deleted"],
            "scheduledPurgeDate": purged.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tags": kept["body"].get("tags", {}),
            **shown,
        },
    }


_S = "/subscriptions/{subscription}/providers/Microsoft.KeyVault"
_ONE = f"{_S}/locations/{{location}}/deletedVaults/{{name}}"
ROUTES = [
    Route(
        method="GET",
        path=f"{_S}/deletedVaults",
        handler=list_deleted,
        action="Microsoft.KeyVault/deletedVaults/read",
    ),
    Route(method="GET", path=_ONE, handler=get_deleted, action=f"{_DELETED}/read"),
    Route(method="POST", path=f"{_ONE}/purge", handler=purge, action=f"{_DELETED}/purge/action"),
]
