"""Datastores: names for containers, with or without secrets."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.blob.containers import CONTAINER_TYPE
from plumbline.emulator.services.machine_learning import paging
from plumbline.emulator.services.machine_learning.asset_container import location
from plumbline.emulator.services.machine_learning.asset_form import Seen, formed
from plumbline.emulator.services.machine_learning.asset_place import WORKSPACE
from plumbline.emulator.services.machine_learning.rule import rule
from plumbline.emulator.services.resource_manager import checks
from plumbline.emulator.services.resource_manager.resource_handlers import Hooks, ResourceHandlers
from plumbline.emulator.services.resource_manager.resource_types import ResourceType
from plumbline.emulator.store import Resource, Store

_FORMS = Path(__file__).with_name("resource_forms.yaml")
_SCHEMA = ("CREATE TABLE datastore_secret (datastore_key TEXT PRIMARY KEY, secrets TEXT NOT NULL)",)
_FIXED = (
    "datastoreType",
    "accountName",
    "containerName",
    "filesystem",
    "fileShareName",
    "endpoint",
    "protocol",
)
_CONTAINER_FIELD = {"AzureBlob": "containerName", "AzureDataLakeGen2": "filesystem"}
_CLIENT_PERMISSIONS = "racwdl"


def prepare(store: Store) -> None:
    """Create the table of secrets, apart from the resources that any reader sees."""
    store.migrate("datastore_secret", _SCHEMA)

    def forget(resource: Resource) -> None:
        store.execute("DELETE FROM datastore_secret WHERE datastore_key = ?", (resource.id.lower(),))

    store.on_delete(forget)


def check(call: Call, datastore_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    """Before a datastore is stored: what it names exists, what is fixed stays, its secrets go elsewhere.

    Raises: AzureError: 400 UserError.
    """
    for member in body.keys() - {"properties"}:
        # No other member exists here: a client that sends one does not get it back.
        del body[member]
    properties = body["properties"]
    credentials = properties["credentials"]
    if not isinstance(credentials, dict) or "credentialsType" not in credentials:
        raise AzureError(
            400, "UserError", "credentials.credentialsType is required.", "credentials.credentialsType"
        )
    secrets = credentials.pop("secrets", None)
    # Which datastore is the default is decided elsewhere: the field is read-only.
    properties["isDefault"] = bool(present and present.body["properties"].get("isDefault"))
    properties.setdefault("endpoint", call.emulator.settings.storage_suffix)
    properties.setdefault("protocol", "https")
    if present is not None:
        for field in _FIXED:
            before, after = present.body["properties"].get(field), properties.get(field)
            if before is not None and after is not None and before != after:
                raise AzureError(400, "UserError", f"Datastore property {field} cannot be changed.", field)
    if call.query.get("skipvalidation", "").lower() != "true":
        _check_container(call.emulator.store, properties)
    if secrets:
        call.emulator.store.execute(
            "REPLACE INTO datastore_secret VALUES (?, ?)", (datastore_id.lower(), json.dumps(secrets))
        )


def _check_container(store: Store, properties: dict[str, Any]) -> None:
    field = _CONTAINER_FIELD.get(properties["datastoreType"])
    if field is None:
        return
    account, name = properties.get("accountName"), properties.get(field)
    found = store.execute(
        "SELECT 1 FROM resource WHERE type_key = ? AND name = ? AND key LIKE ?",
        (CONTAINER_TYPE.lower(), name, f"%/storageaccounts/{str(account).lower()}/%"),
    )
    if not found:
        raise AzureError(
            400,
            "UserError",
            f"Container '{name}' of storage account '{account}' was not found.",
            f"properties.{field}",
        )


def presented(call: Call, datastore: Resource, shown: dict[str, Any]) -> dict[str, Any]:
    """A datastore as it is answered, with its nulls."""
    forms = call.emulator.recorded.table(_FORMS)
    seen = Seen(kind="datastores", place="workspace", system_data=datastore.system_data)
    answer = formed(forms["datastore"], shown, seen)
    answer["systemData"] = formed(forms["datastore_system_data"], datastore.system_data, seen)
    return answer


HOOKS = Hooks(before_put=check, presented=presented)


class DatastoreHandlers(ResourceHandlers):
    """Datastores list with filters of their own, and the default one stays."""

    def __init__(self, kind: ResourceType) -> None:
        super().__init__(kind, HOOKS)

    def put(self, call: Call) -> Reply:
        """Create or replace; a creation says where it went."""
        reply = super().put(call)
        return replace(reply, headers=reply.headers | location(call, reply.status))

    def list(self, call: Call) -> Reply:
        """Datastores, newest first unless asked otherwise, filtered by isDefault, names or searchText."""
        checks.check_api_version(call, self.kind)
        call.params.setdefault("workspace", call.params["workspaces"])
        workspace = WORKSPACE.parent(call)
        found = call.emulator.store.list(workspace.id, self.kind.type)
        query = call.query
        if default := query.get("isdefault", "").lower():
            found = [entry for entry in found if entry.body["properties"]["isDefault"] == (default == "true")]
        if names := query.get("names"):
            found = [entry for entry in found if entry.name in names.split(",")]
        if text := query.get("searchtext"):
            found = [entry for entry in found if text.lower() in entry.name.lower()]
        newest_first = rule(call.emulator, "datastores_newest_first", otherwise=False)
        if newest_first and query.get("orderbyasc", "false").lower() != "true":
            found.reverse()
        return paging.page(call, found, lambda entry: self.answer(call, entry), size_parameter="count")

    def delete(self, call: Call) -> Reply:
        """Remove a datastore; its data stays."""
        present = call.emulator.store.get(call.path)
        if present is not None and present.body["properties"]["isDefault"]:
            raise AzureError(400, "UserError", f"The default datastore '{present.name}' cannot be deleted.")
        return super().delete(call)


def list_secrets(call: Call) -> Reply:
    """POST listSecrets: a signature for the container when an expiring secret is asked for, else what is kept."""
    datastore = call.emulator.store.get(call.path.rstrip("/").rsplit("/", 1)[0])
    if datastore is None:
        raise AzureError(404, "UserError", f"Datastore {call.params['name']} was not found.")
    properties = datastore.body["properties"]
    kind = properties["credentials"]["credentialsType"]
    if kind == "None":
        raise AzureError(400, "UserError", "No secrets for credentials of type None.")
    field = _CONTAINER_FIELD.get(properties["datastoreType"])
    if kind == "AccountKey" and call.json().get("expirableSecret") and field is not None:
        seconds = int(call.json().get("expireAfterHours") or 1) * 3600
        if permissions := rule(call.emulator, "account_signature"):
            account = str(properties["accountName"])
            token = call.emulator.sas.sign_account(account, permissions=permissions, lifetime_seconds=seconds)
            return Reply(json={"secretsType": "Sas", "sasToken": f"?{token}"})
        token = call.emulator.sas.sign(
            properties[field], permissions=_CLIENT_PERMISSIONS, lifetime_seconds=seconds
        )
        return Reply(json={"secretsType": "Sas", "sasToken": token})
    rows = call.emulator.store.execute(
        "SELECT secrets FROM datastore_secret WHERE datastore_key = ?", (datastore.id.lower(),)
    )
    if rows:
        return Reply(json=json.loads(rows[0]["secrets"]))
    if kind == "AccountKey":
        return Reply(json={"secretsType": "AccountKey", "key": _account_key(call, properties)})
    raise AzureError(400, "UserError", f"No secrets are kept for datastore {datastore.name}.")


def _account_key(call: Call, properties: dict[str, Any]) -> str:
    """The same key that the account's listKeys answers."""
    rows = call.emulator.store.execute(
        "SELECT id FROM resource WHERE type_key = 'microsoft.storage/storageaccounts' AND lower(name) = ?",
        (str(properties.get("accountName")).lower(),),
    )
    if not rows:
        raise AzureError(
            400, "UserError", f"Storage account '{properties.get('accountName')}' was not found."
        )
    return base64.b64encode(call.emulator.sas.derive(f"{rows[0]['id'].lower()}/key1")).decode()
