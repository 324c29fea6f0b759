"""Permissions on blobs: what an operation needs of a token's roles, or of a signature."""

from __future__ import annotations

import time
from dataclasses import dataclass

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call
from plumbline.emulator.store import Resource

_LATE_SECONDS = 5.0
_OLD_SECONDS = 600.0
_CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"


@dataclass(frozen=True, kw_only=True)
class Permission:
    """What one operation needs.

    Args:
        action: RBAC action on the container.
        data: whether it is a data action: Owner and Contributor have none of those.
        letters: a signature needs one of these; empty: no signature of a container is enough.
    Source: storage REST reference, "Authorize with Microsoft Entra ID" and "Create a service SAS".
    """

    action: str
    data: bool
    letters: str

    def require(self, call: Call, container: Resource) -> None:
        """Let pass, or refuse as storage does. Raises: AzureError: 403 AuthorizationPermissionMismatch."""
        granted = call.token_claims.get("sas")
        if granted is not None:
            allowed = bool(set(self.letters) & set(granted))
        else:
            access = call.emulator.access
            allowed = access.allowed(call.principal, self.action, container.id, data=self.data)
            if allowed and self.data and call.emulator.noises.has("late_data_roles"):
                allowed = self._is_honoured(call, container)
        if not allowed:
            raise AzureError(
                403,
                "AuthorizationPermissionMismatch",
                "This request is not authorized to perform this operation using this permission.",
            )

    def _is_honoured(self, call: Call, container: Resource) -> bool:
        """Whether a role is no longer late: some seconds after it was asked for first, however slow the machine is."""
        age = call.emulator.access.allowed_for(call.principal, self.action, container.id)
        now, asked = time.monotonic(), call.emulator.noises.first_asked
        first = asked.setdefault((call.principal.object_id, container.id.lower()), (now, age))
        # What was assigned before anybody here asked, and long ago, is honoured as it is on Azure.
        return first[1] > _OLD_SECONDS or now - first[0] > _LATE_SECONDS


READ = Permission(action=f"{_CONTAINERS}/blobs/read", data=True, letters="r")
LIST = Permission(action=f"{_CONTAINERS}/blobs/read", data=True, letters="l")
WRITE = Permission(action=f"{_CONTAINERS}/blobs/write", data=True, letters="w")
CREATE = Permission(action=f"{_CONTAINERS}/blobs/write", data=True, letters="cw")
DELETE = Permission(action=f"{_CONTAINERS}/blobs/delete", data=True, letters="d")
READ_CONTAINER = Permission(action=f"{_CONTAINERS}/read", data=False, letters="")
WRITE_CONTAINER = Permission(action=f"{_CONTAINERS}/write", data=False, letters="")
DELETE_CONTAINER = Permission(action=f"{_CONTAINERS}/delete", data=False, letters="")
