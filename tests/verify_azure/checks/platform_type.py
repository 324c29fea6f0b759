"""Rows on the types that a platform is made of: names, vaults, Log Analytics, locks, filled defaults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.verify_azure import versions as api
from tests.verify_azure.check import check
from tests.verify_azure.cloud import code_of
from tests.verify_azure.finding import Finding, holds
from tests.verify_azure.parts import storage_body, vault_body
from tests.verify_azure.subject import Subject

TYPES = Path(__file__).resolve().parents[3] / "plumbline/emulator/services/resource_manager/types"
VAULTS, LOGS = "Microsoft.KeyVault/vaults", "Microsoft.OperationalInsights/workspaces"


@check("key-vault-purge-protection-false", "group")
def purge_protection_sent_as_false(azure: Subject) -> Finding:
    name = f"kv{azure.fresh()}"
    azure.world.leftovers.append(f"az keyvault purge --name {name} --location {azure.location}")
    path = azure.resource(VAULTS, name)
    answer = azure.send("PUT", path, api=api.VAULT, body=vault_body(azure, enablePurgeProtection=False))
    shown: Any = "nothing"
    if answer.status_code < 400:
        shown = azure.get(path, api=api.VAULT)["properties"].get("enablePurgeProtection", "absent")
    return holds(
        answer.status_code == 400 or shown == "absent",
        f"A new vault with enablePurgeProtection false answered {answer.status_code} {code_of(answer)}; shown afterwards: {shown}.",
    )


@check("key-vault-soft-delete", "group")
def deleted_vault(azure: Subject) -> Finding:
    name = f"kv{azure.fresh()}"
    azure.world.leftovers.append(f"az keyvault purge --name {name} --location {azure.location}")
    path = azure.resource(VAULTS, name)
    azure.put(path, api=api.VAULT, body=vault_body(azure))
    azure.delete(path, api=api.VAULT)
    taken = azure.send("PUT", path, api=api.VAULT, body=vault_body(azure))
    recovered = azure.send("PUT", path, api=api.VAULT, body=vault_body(azure, createMode="recover"))
    return holds(
        (taken.status_code, code_of(taken)) == (409, "ConflictError") and recovered.status_code in (200, 201),
        f"PUT of a deleted vault's name answered {taken.status_code} {code_of(taken)}, with createMode recover "
        f"{recovered.status_code}.",
    )


@check("log-analytics-name-kept", "group")
def deleted_log_analytics_workspace(azure: Subject) -> Finding:
    path = azure.resource(LOGS, azure.fresh("log-"))
    body = {"location": azure.location, "properties": {"sku": {"name": "PerGB2018"}}}
    first = azure.put(path, api=api.LOG_ANALYTICS, body=body)["properties"]["customerId"]
    azure.delete(path, api=api.LOG_ANALYTICS)
    second = azure.put(path, api=api.LOG_ANALYTICS, body=body)["properties"]["customerId"]
    return holds(
        first == second,
        f"Created again after its deletion, a Log Analytics workspace has {'the same' if first == second else 'another'} "
        "customerId.",
    )


@check("storage-name-global", "storage", "vault")
def taken_names(azure: Subject) -> Finding:
    group = azure.make_group(f"{azure.world.group_name}-names")
    account, vault = (str(azure.part(name)).rsplit("/", 1)[1] for name in ("storage", "vault"))
    first = azure.send(
        "PUT",
        azure.resource("Microsoft.Storage/storageAccounts", account, group=group),
        api=api.STORAGE,
        body=storage_body(azure),
    )
    second = azure.send(
        "PUT", azure.resource(VAULTS, vault, group=group), api=api.VAULT, body=vault_body(azure)
    )
    azure.delete(group, api=api.GROUP)
    seen = [(answer.status_code, code_of(answer)) for answer in (first, second)]
    return holds(
        seen[0] in ((409, "StorageAccountAlreadyTaken"), (409, "StorageAccountInAnotherResourceGroup"))
        and seen[1] == (409, "VaultAlreadyExists"),
        f"Taken names answer: storage account {seen[0][0]} {seen[0][1]}, vault {seen[1][0]} {seen[1][1]}.",
    )


@check("locks-refuse-deletion", "group")
def deletion_under_a_lock(azure: Subject) -> Finding:
    identity = azure.resource("Microsoft.ManagedIdentity/userAssignedIdentities", azure.fresh("id-"))
    azure.put(identity, api=api.IDENTITY, body={"location": azure.location})
    lock = f"{identity}/providers/Microsoft.Authorization/locks/keep"
    azure.world.locks.append(lock)
    azure.send("PUT", lock, api=api.LOCK, body={"properties": {"level": "CanNotDelete"}})
    try:
        refused = azure.send("DELETE", identity, api=api.IDENTITY)
    finally:
        azure.send("DELETE", lock, api=api.LOCK)
    return holds(
        (refused.status_code, code_of(refused)) == (409, "ScopeLocked"),
        f"DELETE of a locked identity answered {refused.status_code} {code_of(refused)}.",
    )


@check("server-filled-defaults", "storage", "vault", "insights")
def filled_defaults(azure: Subject) -> Finding:
    logs = azure.resource(LOGS, f"log-va-{azure.world.suffix}")
    made = {
        "Microsoft.Storage/storageAccounts": azure.get(azure.part("storage"), api=api.STORAGE),
        VAULTS: azure.get(azure.part("vault"), api=api.VAULT),
        "Microsoft.Insights/components": azure.get(azure.part("insights"), api=api.INSIGHTS),
        LOGS: azure.get(logs, api=api.LOG_ANALYTICS),
    }
    sent = {"properties.softDeleteRetentionInDays", "properties.accessPolicies", "properties.sku"}
    wrong = []
    rows = [
        row for file in sorted(TYPES.glob("*.yaml")) for row in yaml.safe_load(file.read_text(encoding="utf-8"))["types"]
    ]  # fmt: skip
    for row in rows:
        for member, value in (row.get("defaults") or {}).items() if row["type"] in made else ():
            found = _at(made[row["type"]], member)
            if member not in sent and "{now}" not in str(value) and not _within(value, found):
                wrong.append(
                    f"{row['type']}.{member.removeprefix('properties.')} {found!r} instead of {value!r}"
                )
    return holds(
        not wrong, f"Filled members that differ from the emulator's table: {'; '.join(wrong) or 'none'}."
    )


def _at(body: Mapping[str, Any], member: str) -> Any:
    found: Any = body
    for name in member.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _within(expected: Any, found: Any) -> bool:
    """Whether all that is expected is there; a service may fill more."""
    if isinstance(expected, Mapping):
        return isinstance(found, Mapping) and all(
            _within(value, found.get(name)) for name, value in expected.items()
        )
    return bool(expected == found)
