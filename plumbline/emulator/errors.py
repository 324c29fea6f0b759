"""What goes wrong in the emulator, in two families.

EmulatorError
├── AzureError          answered to a client, in Azure's error shape
└── HomeError           told to whoever starts the emulator; no traceback
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any


class EmulatorError(Exception):
    """Root of everything the emulator raises on purpose."""


class HomeError(EmulatorError):
    """The emulator's folder, port or settings do not allow a start."""


class AzureError(EmulatorError):
    """A refusal as Azure words it: HTTP status, code, message and, where Azure gives them, target and details.

    Raise it anywhere in a handler; the application renders it (JSON for ARM and Azure ML, XML for storage).

    Args:
        inner: Codes of Azure ML's InnerError, the outer one first.
        gateway: ARM's front door refuses, not a resource provider: only then x-ms-failure-cause is sent.
        flat: The body is the error itself, without the member ``error``.
        beside: Members that stand beside ``error``.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        target: str | None = None,
        details: Sequence[dict[str, Any]] = (),
        headers: dict[str, str] | None = None,
        inner: Sequence[str] = (),
        *,
        gateway: bool = False,
        flat: bool = False,
        beside: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.details = tuple(details)
        self.headers = dict(headers or {})
        self.inner = tuple(inner)
        self.gateway = gateway
        self._flat = flat
        self._beside = dict(beside or {})

    @property
    def of_machine_learning(self) -> bool:
        """Whether Azure ML itself words it, not ARM in front of it: other form, other headers."""
        return self.code == "UserError" or bool(self.inner)

    def body(self, location: str = "") -> dict[str, Any]:
        """The answer's JSON: ``{"error": {"code", "message"[, "target"][, "details"][, "additionalInfo"]}}``.

        Azure ML's own refusals always have details, never a target, and say who refused, where and when.

        Args:
            location: Azure region, told in additionalInfo.
        """
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.of_machine_learning:
            error |= {"details": list(self.details), "additionalInfo": _additional_info(self.inner, location)}
            return {"error": error}
        if self.target is not None:
            error["target"] = self.target
        if self.details:
            error["details"] = list(self.details)
        return error if self._flat else {"error": error, **self._beside}


def _additional_info(codes: Sequence[str], location: str) -> list[dict[str, Any]]:
    inner: dict[str, Any] | None = None
    for code in reversed(codes):
        inner = {"code": code, "innerError": inner}
    values: dict[str, Any] = {
        "ComponentName": "managementfrontend",
        "Correlation": {"operation": uuid.uuid4().hex, "request": uuid.uuid4().hex[:16]},
        "Environment": location,
        "Location": location,
        "Time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0+00:00"),
    }
    if codes:
        values["InnerError"] = inner
    return [{"type": name, "info": {"value": value}} for name, value in values.items()]


def not_modelled(method: str, path: str) -> AzureError:
    """A route that the emulator does not model: 501, which azure-core does not retry."""
    return AzureError(501, "NotImplemented", f"The emulator does not model '{method} {path}'.")


def resource_not_found(resource_id: str, *, kind: str = "") -> AzureError:
    """A resource that is not there, in ARM's words; ``kind`` where they spell its type another way."""
    parts = resource_id.strip("/").split("/")
    lowered = [part.lower() for part in parts]
    group = parts[lowered.index("resourcegroups") + 1] if "resourcegroups" in lowered[:-1] else ""
    if "providers" not in lowered:
        return resource_group_not_found(group)
    start = len(lowered) - 1 - lowered[::-1].index("providers") + 1
    relative = parts[start:]
    names = [relative[0], *relative[1::2]] if relative else [""]
    kind, name = kind or "/".join(names), "/".join(relative[2::2])
    return AzureError(
        404,
        "ResourceNotFound",
        f"The Resource '{kind}/{name}' under resource group '{group or '<null>'}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        gateway=True,
    )


def resource_group_not_found(group: str) -> AzureError:
    """A resource group that is not there, in ARM's words."""
    return AzureError(
        404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.", gateway=True
    )


def parent_not_found(parent: str, resource: str) -> AzureError:
    """A child asked to live under a parent that is not there, in ARM's words."""
    return AzureError(
        404,
        "ParentResourceNotFound",
        f"Failed to perform 'write' on resource(s) of type '{resource}', because the parent resource "
        f"'{parent}' could not be found.",
        gateway=True,
    )


def bad_request(code: str, message: str, target: str | None = None) -> AzureError:
    """A request that Azure refuses before it does anything."""
    return AzureError(400, code, message, target)


def unauthorized(code: str, message: str, *, challenge: str) -> AzureError:
    """A missing or useless token: 401 with the challenge header that azure-core's policies read."""
    return AzureError(401, code, message, headers={"WWW-Authenticate": challenge})


def forbidden(principal_name: str, object_id: str, action: str, scope: str) -> AzureError:
    """An authenticated caller without the right, in ARM's words."""
    return AzureError(
        403,
        "AuthorizationFailed",
        f"The client '{principal_name}' with object id '{object_id}' does not have authorization to perform action "
        f"'{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh "
        "your credentials.",
        gateway=True,
    )
