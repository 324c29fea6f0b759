"""Role definitions and role assignments, at any scope."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from plumbline.emulator.access import ASSIGNMENT_TYPE, DEFINITION_TYPE, Role, assignment_body, role_from_body
from plumbline.emulator.errors import AzureError, bad_request
from plumbline.emulator.principals import Kind, Principal
from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.seeds import STAMPS
from plumbline.emulator.services.resource_manager import checks, fields
from plumbline.emulator.store import Resource, now_text

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator

_ASSIGNMENT_VERSIONS = (
    "2022-04-01",
    "2020-10-01-preview",
    "2020-08-01-preview",
    "2020-04-01-preview",
    "2015-07-01",
)
_DEFINITION_VERSIONS = ("2022-05-01-preview", "2022-04-01", "2018-01-01-preview", "2015-07-01")
_LATE_SECONDS = 2.0
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


# Answered as null where nothing was sent.
_ASSIGNMENT_NULLS = dict.fromkeys(
    ("condition", "conditionVersion", "delegatedManagedIdentityResourceId", "description")
)


def _scope(call: Call) -> str:
    scope = call.params["scope"].strip("/")
    return f"/{scope}" if scope else ""


def _assignment_id(call: Call) -> str:
    return f"{_scope(call)}/providers/{ASSIGNMENT_TYPE}/{call.params['name']}"


# -- assignments


def put_assignment(call: Call) -> Reply:
    """Create an assignment; the same GUID with the same content again is a no-op.

    Raises: AzureError: 409 RoleAssignmentExists for the same principal, role and scope under another GUID; 400 when
        role or principal do not exist.
    """
    checks.check_version(call, _ASSIGNMENT_VERSIONS, provider_type="roleAssignments")
    emulator, name, scope = call.emulator, call.params["name"], _scope(call)
    if _GUID.fullmatch(name) is None:
        raise bad_request(
            "InvalidRoleAssignmentId",
            f"The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID.",
        )
    if not checks.is_scope(call, scope):
        raise AzureError(404, "ResourceNotFound", f"The scope '{scope}' does not exist.")
    properties = fields.without_nulls(call.json().get("properties") or {})
    role = emulator.access.role(properties.get("roleDefinitionId", ""))
    if role is not None and not role.built_in:
        named = next(one for one in emulator.access.custom_definitions() if one.name.lower() == role.id)
        role = None if _is_late(call, "late_role_definition_use", named) else role
    if role is None:
        raise bad_request(
            "RoleDefinitionDoesNotExist",
            f"The specified role definition with ID '{properties.get('roleDefinitionId', '')}' does not exist.",
        )
    principal = _principal(emulator, properties)
    if principal is None or principal.object_id != properties["principalId"]:
        raise bad_request(
            "PrincipalNotFound",
            f"Principal {properties.get('principalId', '')} does not exist in the directory "
            f"{emulator.settings.tenant_id}. Check that you have the correct principal ID. If you are creating this "
            "principal and then immediately assigning a role, this error might be related to a replication delay.",
        )
    given_type = properties.get("principalType", principal.rbac_type)
    if given_type != principal.rbac_type:
        raise bad_request(
            "UnmatchedPrincipalType",
            f"The PrincipalId '{principal.object_id}' has type '{principal.rbac_type}' , which is different from "
            f"specified PrinciaplType '{given_type}'.",
        )
    definition_id = f"{call.subscription_scope}/providers/{DEFINITION_TYPE}/{role.id}"
    present = emulator.store.get(_assignment_id(call))
    for other in emulator.store.list(scope, ASSIGNMENT_TYPE):
        same = (
            other.body["properties"]["principalId"] == principal.object_id
            and other.body["properties"]["roleDefinitionId"].lower() == definition_id.lower()
        )
        if same and other.name.lower() != name.lower():
            raise AzureError(
                409, "RoleAssignmentExists",
                f"The role assignment already exists. The ID of the existing role assignment is "
                f"{other.name.replace('-', '')}.",
            )  # fmt: skip
    if present is not None:
        kept = present.body["properties"]
        if (
            kept["principalId"] != principal.object_id
            or kept["roleDefinitionId"].lower() != definition_id.lower()
        ):
            raise AzureError(
                409, "RoleAssignmentUpdateNotPermitted",
                "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
            )  # fmt: skip
    now, who = now_text(), call.principal.object_id
    created = present.body["properties"] if present is not None else {"createdOn": now, "createdBy": who}
    updated = now_text()  # a moment after createdOn, as recorded
    extra = {
        key: properties[key] for key in ("description", "condition", "conditionVersion") if key in properties
    }
    body = assignment_body(
        principal_id=principal.object_id, principal_type=principal.rbac_type,
        scope=scope or "/", role_definition_id=definition_id, **extra, createdOn=created["createdOn"], updatedOn=updated,
        createdBy=created["createdBy"], updatedBy=who,
    )  # fmt: skip
    stored = emulator.store.put(_assignment_id(call), body, type=ASSIGNMENT_TYPE, principal=call.principal)
    emulator.access.changed()
    shown = _assignment(stored)
    shown["properties"]["createdBy"] = None  # a write's own answer names no creator; a GET does
    return Reply(status=201 if present is None else 200, json=shown)


def _principal(emulator: Emulator, properties: Mapping[str, Any]) -> Principal | None:
    named = str(properties.get("principalId", ""))
    found = emulator.principals.find(named)
    if found is None and emulator.settings.is_rehearsal and _GUID.fullmatch(named):
        # The real directory is not here to be asked: what the stack's file says is taken for true.
        kind: Kind = "User" if properties.get("principalType") == "User" else "ServicePrincipal"
        return Principal(object_id=named, client_id=named, name=named, kind=kind)
    return found


def get_assignment(call: Call) -> Reply:
    """One assignment. Raises: AzureError: 404 RoleAssignmentNotFound."""
    checks.check_version(call, _ASSIGNMENT_VERSIONS, provider_type="roleAssignments")
    present = call.emulator.store.get(_assignment_id(call))
    if present is None:
        raise AzureError(
            404, "RoleAssignmentNotFound", f"The role assignment '{call.params['name']}' is not found."
        )
    return Reply(json=_assignment(present))


def delete_assignment(call: Call) -> Reply:
    """Remove one; 204 when there is none."""
    checks.check_version(call, _ASSIGNMENT_VERSIONS, provider_type="roleAssignments")
    present = call.emulator.store.get(_assignment_id(call))
    if present is None:
        return Reply(status=204)
    call.emulator.store.delete(present.id)
    return Reply(json=_assignment(present))


def list_assignments(call: Call) -> Reply:
    """Assignments at, above and below a scope; $filter=atScope() leaves those below out, principalId eq picks."""
    checks.check_version(call, _ASSIGNMENT_VERSIONS, provider_type="roleAssignments")
    scope, condition = _scope(call).lower(), call.query.get("$filter", "")
    wanted = re.search(r"(?:principalId\s+eq|assignedTo\()\s*'([^']+)'", condition)
    found = []
    for resource in call.emulator.store.list("", ASSIGNMENT_TYPE, below=True):
        at = resource.body["properties"]["scope"].rstrip("/").lower()
        above = at == scope or scope.startswith(f"{at}/") or at == ""
        below = at.startswith(f"{scope}/") and "atscope()" not in condition.lower()
        if (above or below) and (wanted is None or resource.body["properties"]["principalId"] == wanted[1]):
            found.append(_assignment(resource))
    return Reply(json={"value": found})


def _assignment(resource: Resource) -> dict[str, Any]:
    properties = {**_ASSIGNMENT_NULLS, **STAMPS, **resource.body["properties"]}
    return {"id": resource.id, "name": resource.name, "type": ASSIGNMENT_TYPE, "properties": properties}


# -- definitions


def put_definition(call: Call) -> Reply:
    """Create or replace a custom role.

    Raises: AzureError: 409 for a name that another role has; 400 without assignable scopes.
    """
    checks.check_version(call, _DEFINITION_VERSIONS, provider_type="roleDefinitions")
    emulator, name = call.emulator, call.params["name"]
    if name.lower() in emulator.access.built_in:
        raise AzureError(
            403, "RoleDefinitionIsBuiltIn", f"The built-in role definition '{name}' cannot be changed."
        )
    body = {"properties": fields.without_nulls(call.json().get("properties") or {})}
    properties = body["properties"]
    if not properties.get("roleName") or not properties.get("assignableScopes"):
        raise bad_request(
            "InvalidRoleDefinition", "A custom role needs a roleName and at least one assignable scope."
        )
    scope = call.subscription_scope
    definition_id = f"{scope}/providers/{DEFINITION_TYPE}/{name}"
    taken = [role.name.lower() for role in emulator.access.built_in.values()] + [
        other.body["properties"]["roleName"].lower()
        for other in emulator.access.custom_definitions()
        if other.name.lower() != name.lower()
    ]
    if properties["roleName"].lower() in taken:
        raise AzureError(
            409, "RoleDefinitionWithSameNameExists",
            "A role definition cannot be updated with a name that already exists.",
        )  # fmt: skip
    properties["type"] = "CustomRole"
    present = emulator.store.get(definition_id)
    now, who = now_text(), call.principal.object_id
    old = present.body["properties"] if present is not None else {}
    properties |= {"createdOn": old.get("createdOn", now), "createdBy": old.get("createdBy", who), "updatedOn": now,
                   "updatedBy": who}  # fmt: skip
    stored = emulator.store.put(definition_id, body, type=DEFINITION_TYPE, principal=call.principal)
    emulator.access.changed()
    # A write answers no creator, and a new time of creation also where it updates; the list has both right.
    answer = _custom(stored)
    answer["properties"] |= {"createdBy": None, "createdOn": now}
    return Reply(status=201, json=answer)


def get_definition(call: Call) -> Reply:
    """One role, built in or custom. Raises: AzureError: 404 RoleDefinitionDoesNotExist."""
    checks.check_version(call, _DEFINITION_VERSIONS, provider_type="roleDefinitions")
    name = call.params["name"].lower()
    if name in call.emulator.access.built_in:
        return Reply(json=_built_in(call, call.emulator.access.built_in[name]))
    for resource in call.emulator.access.custom_definitions():
        if resource.name.lower() == name and not _is_late(call, "late_role_definitions", resource):
            return Reply(json=_custom(resource))
    raise AzureError(
        404, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{name}' does not exist."
    )


def _is_late(call: Call, noise: str, resource: Resource, *, since: str = "createdOn") -> bool:
    """Under noise a new role cannot be read for a moment, nor an updated one found by its name."""
    if not call.emulator.noises.has(noise):
        return False
    written = datetime.fromisoformat(resource.body["properties"][since])
    return (datetime.now(UTC) - written).total_seconds() < _LATE_SECONDS


def delete_definition(call: Call) -> Reply:
    """Remove a custom role. Raises: AzureError: 400 while it is assigned."""
    checks.check_version(call, _DEFINITION_VERSIONS, provider_type="roleDefinitions")
    name, emulator = call.params["name"].lower(), call.emulator
    for resource in emulator.access.custom_definitions():
        if resource.name.lower() != name:
            continue
        for assignment in emulator.store.list("", ASSIGNMENT_TYPE, below=True):
            if assignment.body["properties"]["roleDefinitionId"].lower().endswith(name):
                raise bad_request(
                    "RoleDefinitionHasAssignments",
                    f"There are existing role assignments referencing role (code: RoleDefinitionHasAssignments) {name}.",
                )
        emulator.store.delete(resource.id)
        emulator.access.changed()
        return Reply(json=_custom(resource))
    return Reply(status=204)


def list_definitions(call: Call) -> Reply:
    """All roles; $filter=roleName eq '...' or type eq 'CustomRole'|'BuiltInRole' picks."""
    checks.check_version(call, _DEFINITION_VERSIONS, provider_type="roleDefinitions")
    access, condition = call.emulator.access, call.query.get("$filter", "")
    found = [_built_in(call, role) for role in access.built_in.values()]
    found += [_custom(resource) for resource in access.custom_definitions()]
    if match := re.search(r"roleName\s+eq\s+'([^']+)'", condition, re.IGNORECASE):
        late = {
            resource.id
            for resource in access.custom_definitions()
            if _is_late(call, "late_role_definitions", resource, since="updatedOn")
        }
        found = [
            item
            for item in found
            if item["properties"]["roleName"].lower() == match[1].lower() and item["id"] not in late
        ]
    if match := re.search(r"type\s+eq\s+'([^']+)'", condition, re.IGNORECASE):
        found = [item for item in found if item["properties"]["type"].lower() == match[1].lower()]
    return Reply(json={"value": found})


def _built_in(call: Call, role: Role) -> dict[str, Any]:
    return {
        "id": f"{call.subscription_scope}/providers/{DEFINITION_TYPE}/{role.id}",
        "name": role.id,
        "type": DEFINITION_TYPE,
        "properties": _properties(role, "BuiltInRole", ["/"]) | STAMPS,
    }


def _custom(resource: Resource) -> dict[str, Any]:
    role = role_from_body(resource.name, resource.body)
    properties = _properties(role, "CustomRole", list(role.assignable_scopes))
    dates = {
        key: resource.body["properties"][key] for key in ("createdOn", "updatedOn", "createdBy", "updatedBy")
    }
    return {
        "id": resource.id,
        "name": resource.name,
        "type": DEFINITION_TYPE,
        "properties": properties | dates,
    }


def _properties(role: Role, kind: str, scopes: list[str]) -> dict[str, Any]:
    return {
        "roleName": role.name,
        "type": kind,
        "description": role.description,
        "assignableScopes": scopes,
        "permissions": [
            {
                "actions": list(role.actions),
                "notActions": list(role.not_actions),
                "dataActions": list(role.data_actions),
                "notDataActions": list(role.not_data_actions),
            }
        ],
    }


_A, _D = f"/{{scope:path}}/providers/{ASSIGNMENT_TYPE}", f"/{{scope:path}}/providers/{DEFINITION_TYPE}"
ROUTES = [
    Route(method="PUT", path=f"{_A}/{{name}}", handler=put_assignment, action=f"{ASSIGNMENT_TYPE}/write"),
    Route(method="GET", path=f"{_A}/{{name}}", handler=get_assignment, action=f"{ASSIGNMENT_TYPE}/read"),
    Route(
        method="DELETE", path=f"{_A}/{{name}}", handler=delete_assignment, action=f"{ASSIGNMENT_TYPE}/delete"
    ),
    Route(method="GET", path=_A, handler=list_assignments, action=f"{ASSIGNMENT_TYPE}/read"),
    Route(method="PUT", path=f"{_D}/{{name}}", handler=put_definition, action=f"{DEFINITION_TYPE}/write"),
    Route(method="GET", path=f"{_D}/{{name}}", handler=get_definition, action=f"{DEFINITION_TYPE}/read"),
    Route(
        method="DELETE", path=f"{_D}/{{name}}", handler=delete_definition, action=f"{DEFINITION_TYPE}/delete"
    ),
    Route(method="GET", path=_D, handler=list_definitions, action=f"{DEFINITION_TYPE}/read"),
]
