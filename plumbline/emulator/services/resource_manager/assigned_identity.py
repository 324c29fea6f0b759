"""The identity block of a resource: system-assigned identities are made, user-assigned ones looked up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.emulator.errors import bad_request
from plumbline.emulator.routing import Call


def fill_identity(call: Call, resource_id: str, body: dict[str, Any], old: Mapping[str, Any]) -> None:
    """Puts the server's members into ``body["identity"]``, in place.

    Raises: AzureError: 400 when a user-assigned identity does not exist or none is named.
    """
    identity = body["identity"]
    kind = str((identity or {}).get("type") or "None")
    if kind == "None":
        body["identity"] = {"type": "None"}
        return
    filled: dict[str, Any] = {"type": kind}
    if "SystemAssigned" in kind:
        principal = call.emulator.principals.create_managed_identity(
            resource_id.rsplit("/", 1)[-1], resource_id=resource_id
        )
        filled |= {"principalId": principal.object_id, "tenantId": call.emulator.settings.tenant_id}
    if "UserAssigned" in kind:
        named = identity.get("userAssignedIdentities") or (old.get("identity") or {}).get(
            "userAssignedIdentities"
        )
        if not named:
            raise bad_request(
                "InvalidIdentityValues",
                "Invalid value for the identities '{}'. The 'UserAssignedIdentities' property keys should only be "
                "empty json objects, null or the resource exisiting property.",
            )
        filled["userAssignedIdentities"] = {key: _assigned(call, key) for key in named}
    body["identity"] = filled


def _assigned(call: Call, identity_id: str) -> dict[str, str]:
    principal = call.emulator.principals.of_resource(identity_id)
    if principal is None:
        raise bad_request(
            "FailedIdentityOperation",
            f"Identity operation for resource failed with error 'Failed to perform resource identity operation. "
            f"Status: 'BadRequest'. Response: the identity '{identity_id}' was not found.'.",
        )
    return {"principalId": principal.object_id, "clientId": principal.client_id}
