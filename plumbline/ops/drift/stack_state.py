"""What a stack's state says that it owns. Pure.

Source: pulumi/sdk `apitype.DeploymentV3` (resources with id, outputs, created, modified, sourcePosition).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from plumbline.azure.moment import moment
from plumbline.ops.drift.finding import Place

_POSITION = re.compile(r"project:///(?P<file>[^#]+)#(?P<line>\d+)")
_IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
_ROLE = "azure-native:authorization:RoleDefinition"
_GRANT = "azure-native:authorization:RoleAssignment"


@dataclass(frozen=True, kw_only=True)
class StackState:
    """The custom resources of a stack.

    Attributes:
        resources: URN -> resource as the state has it.
        ids: ARM ids that it owns, in lower case.
        registered: (container's ARM id in lower case, version) of every version that it registered.
        adopted: The same of versions that were there before and that it uses.
        current: The same of the versions that its resources are at.
        identities: Client id or object id of the managed identities that it made -> their name.
        grants: ARM id in lower case of the role assignments that it made -> object id of whom.
        reading_roles: GUIDs of the roles that it defines and that allow nothing but reading.
        born: When its first resource was made.
    """

    resources: Mapping[str, Mapping[str, Any]]
    ids: frozenset[str] = frozenset()
    registered: frozenset[tuple[str, str]] = frozenset()
    adopted: frozenset[tuple[str, str]] = frozenset()
    current: frozenset[tuple[str, str]] = frozenset()
    identities: Mapping[str, str] = field(default_factory=dict)
    grants: Mapping[str, str] = field(default_factory=dict)
    reading_roles: frozenset[str] = frozenset()
    born: datetime | None = None

    def own_write(self, urn: str | None) -> datetime | None:
        """When the stack itself wrote a resource last."""
        row = self.resources.get(urn or "", {})
        return moment(row.get("modified") or row.get("created"))

    def source(self, urn: str | None) -> str | None:
        """The definition's file of an asset or schedule, relative to the project's root."""
        found = (self.resources.get(urn or "", {}).get("inputs") or {}).get("source")
        return found if isinstance(found, str) else None

    def declared_at(self, urn: str | None) -> Place | None:
        """The line of the program that declares a resource; the last frame that lies in the project."""
        match = _POSITION.fullmatch(str(self.resources.get(urn or "", {}).get("sourcePosition") or ""))
        if match is None or match["file"].startswith(".."):
            return None
        return Place(file=match["file"], line=int(match["line"]))


def read_state(document: Mapping[str, Any]) -> StackState:
    """Read an exported state."""
    rows = (document.get("deployment") or {}).get("resources") or ()
    custom = {
        str(row["urn"]): row
        for row in rows
        if row.get("custom") and row.get("id") and not str(row["type"]).startswith("pulumi:")
    }
    registered: set[tuple[str, str]] = set()
    current: set[tuple[str, str]] = set()
    identities: dict[str, str] = {}
    for row in custom.values():
        outputs = row.get("outputs") or {}
        container = str(row["id"]).lower()
        registered |= {(container, str(version)) for version in outputs.get("registeredVersions") or ()}
        if isinstance(outputs.get("version"), str):
            current.add((container, outputs["version"]))
        if row["type"] == _IDENTITY:
            name = container.rpartition("/")[2]
            identities |= {
                str(outputs[key]).lower(): name for key in ("clientId", "principalId") if outputs.get(key)
            }
    return StackState(
        resources=custom,
        ids=frozenset(str(row["id"]).lower() for row in custom.values()),
        registered=frozenset(registered),
        adopted=frozenset(current - registered),
        current=frozenset(current),
        identities=identities,
        grants={
            str(row["id"]).lower(): str((row.get("outputs") or {}).get("principalId") or "").lower()
            for row in custom.values()
            if row["type"] == _GRANT
        },
        reading_roles=frozenset(
            str(row["id"]).rpartition("/")[2].lower()
            for row in custom.values()
            if row["type"] == _ROLE and _only_reads(row.get("inputs") or {})
        ),
        born=min((when for row in custom.values() if (when := moment(row.get("created")))), default=None),
    )


def _only_reads(role: Mapping[str, Any]) -> bool:
    permissions = role.get("permissions") or ()
    allowed = [
        str(action)
        for one in permissions
        for action in (*(one.get("actions") or ()), *(one.get("dataActions") or ()))
    ]
    return bool(allowed) and all(action.lower().endswith("/read") for action in allowed)
