"""Who acts: the seeded people and services, the managed identities that resources create, and a step of a run."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from plumbline.emulator.files import read_private_json, write_private_json
from plumbline.emulator.store import Store

Kind = Literal["ServicePrincipal", "User", "ManagedIdentity"]

_SCHEMA = (
    """CREATE TABLE principal (object_id TEXT PRIMARY KEY, client_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
        kind TEXT NOT NULL, resource_key TEXT)""",
)
_SEEDS: tuple[tuple[str, str, Kind], ...] = (
    ("owner", "olga@plumbline.example", "User"),
    ("deployer", "deployer", "ServicePrincipal"),
    ("releaser", "releaser", "ServicePrincipal"),
    ("pipeline", "pipeline", "ServicePrincipal"),
    ("alice", "alice@plumbline.example", "User"),
    ("bob", "bob@plumbline.example", "User"),
)
_DISPLAY_NAMES = {
    "alice@plumbline.example": "Alice Author",
    "bob@plumbline.example": "Bob Reviewer",
    "olga@plumbline.example": "Olga Owner",
}


def display_name_of(login: str) -> str:
    """The display name behind a sign-in name: Azure ML's systemData has that one, ARM's other types the sign-in name."""
    return _DISPLAY_NAMES.get(login, login)


@dataclass(frozen=True, kw_only=True)
class Principal:
    """An identity that holds a token.

    Args:
        object_id: What role assignments name (principalId).
        client_id: Application id.
        run: Job that a step's token is bound to; None for everyone else.
    """

    object_id: str
    client_id: str
    name: str
    kind: Kind
    run: str | None = None

    @property
    def display_name(self) -> str:
        """How people read it: a user's full name, which others may have too; else its own name."""
        return display_name_of(self.name)

    @property
    def shown_name(self) -> str:
        """As systemData and refusals of ARM name it: a user's sign-in name, an application's client id."""
        return self.name if self.kind == "User" else self.client_id

    @property
    def shown_type(self) -> str:
        """Its createdByType in systemData."""
        return {"User": "User", "ServicePrincipal": "Application", "ManagedIdentity": "ManagedIdentity"}[
            self.kind
        ]

    @property
    def rbac_type(self) -> str:
        """Its principalType in a role assignment."""
        return "User" if self.kind == "User" else "ServicePrincipal"


ANONYMOUS = Principal(object_id="", client_id="", name="anonymous", kind="ServicePrincipal")


class Principals:
    """All identities of one home. The seeded ones and their secrets lie in principals.json (0600)."""

    def __init__(self, *, home: Path, store: Store, tenant_id: str) -> None:
        self._store = store
        self._headers: dict[str, tuple[Principal, dict[str, Any]]] = {}
        store.migrate("principals", _SCHEMA)
        self._file = home / "principals.json"
        self._secrets: dict[str, dict[str, str]] = (
            read_private_json(self._file) if self._file.exists() else {}
        )
        missing = {
            role: _seed(tenant_id, role, name) for role, name, _ in _SEEDS if role not in self._secrets
        }
        if missing:
            self._secrets |= missing
            write_private_json(self._file, self._secrets)
        self.seeded: dict[str, Principal] = {}
        for role, name, kind in _SEEDS:
            entry = self._secrets[role]
            principal = Principal(
                object_id=entry["object_id"], client_id=entry["client_id"], name=name, kind=kind
            )
            self.seeded[role] = principal
            self._headers[entry["identity_header"]] = (principal, {})
        self._known: dict[str, Principal] = {}
        for principal in self.seeded.values():
            self._remember(principal)
        for row in store.execute("SELECT * FROM principal"):
            self._remember(
                Principal(
                    object_id=row["object_id"], client_id=row["client_id"], name=row["name"], kind=row["kind"]
                )
            )

    def _remember(self, principal: Principal) -> None:
        self._known[principal.object_id] = self._known[principal.client_id] = principal
        self._known[principal.name.lower()] = principal

    def find(self, name: str) -> Principal | None:
        """By role ("deployer"), object id, client id or name."""
        return self.seeded.get(name) or self._known.get(name) or self._known.get(name.lower())

    def all(self) -> list[Principal]:
        """Everybody: the seeded ones and the managed identities of resources."""
        return list({principal.object_id: principal for principal in self._known.values()}.values())

    def create_managed_identity(self, name: str, *, resource_id: str) -> Principal:
        """A managed identity for a resource; asked again for the same resource, the same identity."""
        key = resource_id.lower()
        with self._store.transaction():
            rows = self._store.execute("SELECT * FROM principal WHERE resource_key = ?", (key,))
            if rows:
                return self._known[rows[0]["object_id"]]
            principal = Principal(
                object_id=str(uuid.uuid4()), client_id=str(uuid.uuid4()), name=name, kind="ManagedIdentity"
            )
            self._store.execute(
                "INSERT INTO principal VALUES (?, ?, ?, ?, ?)",
                (principal.object_id, principal.client_id, name, principal.kind, key),
            )
        self._known[principal.object_id] = self._known[principal.client_id] = principal
        return principal

    def of_resource(self, resource_id: str) -> Principal | None:
        """The managed identity that belongs to a resource (a userAssignedIdentity, a workspace)."""
        rows = self._store.execute(
            "SELECT object_id FROM principal WHERE resource_key = ?", (resource_id.lower(),)
        )
        return self._known[rows[0]["object_id"]] if rows else None

    def remove(self, resource_id: str) -> None:
        """Forgets the identity of a resource that went."""
        principal = self.of_resource(resource_id)
        if principal is not None:
            self._store.execute("DELETE FROM principal WHERE object_id = ?", (principal.object_id,))
            self._known.pop(principal.object_id, None)
            self._known.pop(principal.client_id, None)

    # -- secrets that stand for an identity

    def bind_identity_header(
        self, header: str, principal: Principal, claims: Mapping[str, Any] | None = None
    ) -> None:
        """Lets the token endpoint answer ``header`` with tokens of this principal carrying extra claims (a step's)."""
        self._headers[header] = (principal, dict(claims or {}))

    def unbind_identity_header(self, header: str) -> None:
        """Ends what bind_identity_header began."""
        self._headers.pop(header, None)

    def by_identity_header(self, header: str) -> tuple[Principal, dict[str, Any]] | None:
        """Who an X-IDENTITY-HEADER stands for, and the claims that its tokens carry."""
        return self._headers.get(header)

    def by_client_secret(self, client_id: str, secret: str) -> Principal | None:
        """The seeded service principal that a client id and secret sign in as."""
        for role, principal in self.seeded.items():
            kept = self._secrets[role].get("client_secret", "")
            if (
                principal.client_id == client_id
                and kept
                and secrets.compare_digest(kept.encode(), secret.encode())
            ):
                return principal
        return None

    def public(self) -> dict[str, dict[str, str]]:
        """The seeded principals as ready.json shows them (a private file: it holds the identity headers)."""
        return {
            role: {
                "object_id": principal.object_id,
                "client_id": principal.client_id,
                "name": principal.name,
                "kind": principal.kind,
                "identity_header": self._secrets[role]["identity_header"],
            }
            for role, principal in self.seeded.items()
        }


def _seed(tenant_id: str, role: str, name: str) -> dict[str, str]:
    # Ids follow from the tenant, so that who-did-it reads the same in every home; secrets never do.
    space = uuid.uuid5(uuid.NAMESPACE_URL, f"plumbline-emulator/{tenant_id}")
    return {
        "name": name,
        "object_id": str(uuid.uuid5(space, f"{role}/object")),
        "client_id": str(uuid.uuid5(space, f"{role}/client")),
        "identity_header": secrets.token_urlsafe(24),
        "client_secret": secrets.token_urlsafe(24),
    }
