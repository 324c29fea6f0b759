"""User-assigned identities: each is a principal that can be granted roles and given tokens."""

from __future__ import annotations

from typing import Any

from plumbline.emulator.routing import Call
from plumbline.emulator.services.resource_manager.resource_handlers import Hooks
from plumbline.emulator.store import Resource


def _make_principal(call: Call, resource_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    principal = call.emulator.principals.create_managed_identity(
        resource_id.rsplit("/", 1)[-1], resource_id=present.id if present is not None else resource_id
    )
    body["properties"] = {
        "tenantId": call.emulator.settings.tenant_id,
        "principalId": principal.object_id,
        "clientId": principal.client_id,
    }


IDENTITY_HOOKS = Hooks(before_put=_make_principal)
