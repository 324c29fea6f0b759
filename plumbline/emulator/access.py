"""Role-based access: role definitions, assignments over scopes, and the decision whether a caller may act."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from plumbline.emulator.errors import forbidden
from plumbline.emulator.principals import Principal, Principals
from plumbline.emulator.seeds import seeded_assignments, seeded_roles
from plumbline.emulator.settings import Settings
from plumbline.emulator.store import Resource, Store

ASSIGNMENT_TYPE = "Microsoft.Authorization/roleAssignments"
DEFINITION_TYPE = "Microsoft.Authorization/roleDefinitions"
_BUILT_IN = Path(__file__).with_name("roles.yaml")


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role definition's rights. Names may hold ``*``, as Azure's do."""

    id: str
    name: str
    description: str
    built_in: bool
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    assignable_scopes: tuple[str, ...] = ("/",)

    def grants(self, action: str, *, data: bool) -> bool:
        """Whether the role alone allows an action: matched by its actions and not taken out by its notActions."""
        yes, no = (self.data_actions, self.not_data_actions) if data else (self.actions, self.not_actions)
        return _matches(action, yes) and not _matches(action, no)


@dataclass(frozen=True, kw_only=True)
class _Assigned:
    """One assignment; `scope` in lower case, `since` as answered, None for a seeded one."""

    object_id: str
    scope: str
    role: Role
    since: str | None

    def holds_at(self, lowered: str) -> bool:
        """Whether it holds at a scope in lower case: its own or one below."""
        return lowered == self.scope or lowered.startswith(f"{self.scope}/")

    @property
    def age_seconds(self) -> float:
        """How long it has been there."""
        if self.since is None:
            return math.inf
        return (datetime.now(UTC) - datetime.fromisoformat(self.since)).total_seconds()


def _matches(action: str, patterns: Iterable[str]) -> bool:
    return any(_pattern(pattern).fullmatch(action) is not None for pattern in patterns)


_patterns: dict[str, re.Pattern[str]] = {}


def _pattern(text: str) -> re.Pattern[str]:
    found = _patterns.get(text)
    if found is None:
        found = _patterns[text] = re.compile(re.escape(text).replace(r"\*", ".*"), re.IGNORECASE)
    return found


def role_from_body(guid: str, body: Mapping[str, Any]) -> Role:
    """A custom role from what was put through ARM."""
    properties = body.get("properties", {})
    rights = (properties.get("permissions") or [{}])[0]
    return Role(
        id=guid,
        name=properties.get("roleName", ""),
        description=properties.get("description", ""),
        built_in=False,
        actions=tuple(rights.get("actions") or ()),
        not_actions=tuple(rights.get("notActions") or ()),
        data_actions=tuple(rights.get("dataActions") or ()),
        not_data_actions=tuple(rights.get("notDataActions") or ()),
        assignable_scopes=tuple(properties.get("assignableScopes") or ()),
    )


class Access:
    """Decides over the assignments in the store; decisions are remembered until an assignment or role changes."""

    def __init__(self, *, settings: Settings, store: Store, principals: Principals) -> None:
        self._store = store
        self.built_in: dict[str, Role] = {
            row["id"]: Role(
                id=row["id"], name=row["name"], description=row["description"], built_in=True,
                actions=tuple(row.get("actions", ())), not_actions=tuple(row.get("not_actions", ())),
                data_actions=tuple(row.get("data_actions", ())),
                not_data_actions=tuple(row.get("not_data_actions", ())),
            )
            for row in yaml.load(_BUILT_IN.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["roles"]
        }  # fmt: skip
        self._assignments: list[_Assigned] | None = None
        self._decisions: dict[tuple[str, str, str, bool], bool] = {}
        kept = set[str]()
        for subscription in settings.subscriptions:
            kept |= self._seed(f"/subscriptions/{subscription}", settings, principals)
        for resource in self._store.list("", ASSIGNMENT_TYPE, below=True):
            # What an earlier release of the emulator seeded, and this one does not; only a caller's has a time.
            if "createdOn" not in resource.body["properties"] and resource.id.lower() not in kept:
                self._store.delete(resource.id)

    def _seed(self, scope: str, settings: Settings, principals: Principals) -> set[str]:
        """Roles and assignments of one subscription; answers the assignments' ids in lower case."""
        by_name = {role.name: role.id for role in self.built_in.values()}
        for name, (guid, body) in seeded_roles(scope).items():
            by_name[name], definition_id = guid, f"{scope}/providers/{DEFINITION_TYPE}/{guid}"
            if self._store.get(definition_id) is None:
                self._store.put(definition_id, body, type=DEFINITION_TYPE, principal=None)
        kept = set()
        for who, name in seeded_assignments(rehearsal=settings.is_rehearsal):
            principal = principals.seeded[who]
            given = uuid.uuid5(uuid.NAMESPACE_URL, f"{scope}/{principal.object_id}/{name}")
            assignment_id = f"{scope}/providers/{ASSIGNMENT_TYPE}/{given}"
            kept.add(assignment_id.lower())
            if self._store.get(assignment_id) is None:
                body = assignment_body(
                    principal_id=principal.object_id, principal_type=principal.rbac_type, scope=scope,
                    role_definition_id=f"{scope}/providers/{DEFINITION_TYPE}/{by_name[name]}",
                )  # fmt: skip
                self._store.put(assignment_id, body, type=ASSIGNMENT_TYPE, principal=None)
        return kept

    def role(self, definition_id: str) -> Role | None:
        """The role that a definition's id (or bare GUID) names, built in or custom."""
        guid = definition_id.rstrip("/").rsplit("/", 1)[-1].lower()
        if guid in self.built_in:
            return self.built_in[guid]
        for resource in self.custom_definitions():
            if resource.name.lower() == guid:
                return role_from_body(guid, resource.body)
        return None

    def custom_definitions(self) -> list[Resource]:
        """Stored custom role definitions, in the order of their creation."""
        return self._store.list("", DEFINITION_TYPE, below=True)

    def changed(self) -> None:
        """Forgets remembered decisions; call it after any write to roles or assignments."""
        self._assignments = None
        self._decisions.clear()

    def allowed(self, principal: Principal, action: str, scope: str, *, data: bool = False) -> bool:
        """Whether a role assigned at the scope or above lets the principal do this."""
        lowered = scope.rstrip("/").lower()
        key = (principal.object_id, action, lowered, data)
        known = self._decisions.get(key)
        if known is None:
            if len(self._decisions) > 20_000:
                self._decisions.clear()
            known = self._decisions[key] = any(
                one.object_id == principal.object_id
                and one.holds_at(lowered)
                and one.role.grants(action, data=data)
                for one in self._load()
            )
        return known

    def allowed_for(self, principal: Principal, data_action: str, scope: str) -> float:
        """Seconds since the oldest assignment that allows a data action; infinite for a seeded one."""
        lowered = scope.rstrip("/").lower()
        ages = [
            one.age_seconds
            for one in self._load()
            if one.object_id == principal.object_id
            and one.holds_at(lowered)
            and one.role.grants(data_action, data=True)
        ]
        return max(ages, default=0.0)

    def sees_something(self, principal: Principal, scope: str) -> bool:
        """Whether any role is assigned to the principal at the scope, above or below it."""
        lowered = scope.rstrip("/").lower()
        return any(
            one.object_id == principal.object_id
            and (one.holds_at(lowered) or one.scope.startswith(f"{lowered}/"))
            for one in self._load()
        )

    def require(self, principal: Principal, action: str, scope: str, *, data: bool = False) -> None:
        """Raises: AzureError: 403 AuthorizationFailed, when the principal may not."""
        if not self.allowed(principal, action, scope, data=data):
            raise forbidden(principal.shown_name, principal.object_id, action, scope)

    def _load(self) -> list[_Assigned]:
        if self._assignments is None:
            found = []
            for resource in self._store.list("", ASSIGNMENT_TYPE, below=True):
                properties = resource.body["properties"]
                role = self.role(properties["roleDefinitionId"])
                if role is not None:
                    found.append(
                        _Assigned(
                            object_id=properties["principalId"],
                            scope=properties["scope"].rstrip("/").lower(),
                            role=role,
                            since=properties.get("createdOn"),
                        )
                    )
            self._assignments = found
        return self._assignments


def assignment_body(
    *, principal_id: str, principal_type: str, scope: str, role_definition_id: str, **rest: Any
) -> dict[str, Any]:
    """A role assignment as it is stored and answered."""
    return {
        "properties": {
            "roleDefinitionId": role_definition_id,
            "principalId": principal_id,
            "principalType": principal_type,
            "scope": scope,
            **rest,
        }
    }
