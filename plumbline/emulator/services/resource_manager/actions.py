"""POST actions of resources: keys and secrets, derived from the home's key, never stored and never echoed elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from plumbline.emulator.errors import bad_request
from plumbline.emulator.routing import Call
from plumbline.emulator.store import Resource


def storage_keys(call: Call, resource: Resource) -> dict[str, Any]:
    """Microsoft.Storage/storageAccounts/listKeys."""
    created = resource.body.get("properties", {}).get("creationTime", "")
    return {
        "keys": [
            {
                "creationTime": created,
                "keyName": name,
                "value": _secret(call, resource, name),
                "permissions": "FULL",
            }
            for name in ("key1", "key2")
        ]
    }


def shared_keys(call: Call, resource: Resource) -> dict[str, Any]:
    """Microsoft.OperationalInsights/workspaces/sharedKeys."""
    return {
        "primarySharedKey": _secret(call, resource, "primary"),
        "secondarySharedKey": _secret(call, resource, "secondary"),
    }


def registry_credentials(call: Call, resource: Resource) -> dict[str, Any]:
    """Microsoft.ContainerRegistry/registries/listCredentials; only with the admin user on."""
    if not resource.body.get("properties", {}).get("adminUserEnabled"):
        raise bad_request("UnAuthorizedForCredentialOperations", "Cannot perform credential operations for a registry "
                          "with the admin user disabled.")  # fmt: skip
    return {
        "username": resource.name,
        "passwords": [
            {"name": name, "value": _secret(call, resource, name)} for name in ("password", "password2")
        ],
    }


def _secret(call: Call, resource: Resource, name: str) -> str:
    return base64.b64encode(call.emulator.sas.derive(f"{resource.id.lower()}/{name}")).decode()


HANDLERS: dict[str, Callable[[Call, Resource], dict[str, Any]]] = {
    "storage_keys": storage_keys,
    "shared_keys": shared_keys,
    "registry_credentials": registry_credentials,
}
