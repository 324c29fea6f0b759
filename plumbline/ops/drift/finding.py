"""One finding of a drift check. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

WHOLE = "(the resource)"
FINGERPRINT = "plumbline/v1"
"""Name of our fingerprint's scheme: of what differs and where it lives in the cloud, never of a line in a file."""

Change = Literal[
    "changed",
    "deleted",
    "not created",
    "not kept",
    "unmanaged",
    "not released",
    "overwritten",
    "archived",
    "not as pinned",
]
# Of these the version is a part of what a finding is about: a container has many.
_OF_ONE_VERSION = frozenset({"unmanaged", "not released", "archived", "not as pinned"})


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something is declared: a file relative to the project's root, and a line."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One field of one resource that is not as the code says, or a whole resource that nobody declared.

    Attributes:
        change: What happened to it.
        noun: What it is: `Compute`, `Component`, `RoleAssignment`; rules match it.
        resource: Its logical name; of what nobody declared its name in Azure.
        urn: None of what the stack does not have.
        type: Its Pulumi type token; of what nobody declared its Azure type.
        resource_id: Full ARM id, empty of what was never created.
        field: Dotted path within the resource's inputs, or within its definition; `WHOLE` for all of it.
        desired: What the code says. `last_known`: what Azure answered when the stack wrote it. `live`: what is there.
        version: The version that the state holds, or the one that is meant, of what has versions.
        declared_at: Where the code says so.
        stamp: The live systemData of what the state does not have, or of a version that it has besides the current one.
    """

    change: Change
    noun: str
    resource: str
    type: str
    resource_id: str
    field: str
    desired: Any
    last_known: Any
    live: Any
    urn: str | None = None
    version: str | None = None
    declared_at: Place | None = None
    stamp: Mapping[str, Any] | None = None

    @property
    def is_managed(self) -> bool:
        """Whether an update puts it back: the program declares it, and this is what it is now."""
        return self.urn is not None

    @property
    def ownership(self) -> str:
        """Class of what it is about: `managed`, `made by a promotion`, `unmanaged`."""
        if self.change == "not as pinned":
            return "made by a promotion"
        return "managed" if self.is_managed or self.change == "archived" else "unmanaged"

    @property
    def is_deleted(self) -> bool:
        return self.change == "deleted"

    @property
    def fingerprint(self) -> str:
        """The same for the same field of the same resource, whatever the values and wherever the code lies."""
        named = self.resource_id.lower() or self.urn
        version = self.version if self.change in _OF_ONE_VERSION else None
        text = json.dumps([FINGERPRINT, named, version, self.field])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def id(self) -> str:
        """What a person names it by."""
        return self.fingerprint[:10]


def noun_of(type_name: str) -> str:
    """`azure-native:machinelearningservices:Compute` -> `Compute`; of an Azure type its last part."""
    return type_name.rpartition(":")[2].rpartition("/")[2]
