"""Microsoft Graph v1.0, read only: me, users, service principals, and objects by id.

What `az role assignment` and `az ad` ask to turn names into object ids and back. Who calls may read all of it.
Source: learn, Microsoft Graph REST API v1.0 reference (user, servicePrincipal, directoryObject: getByIds).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.principals import Principal
from plumbline.emulator.routing import Call, Reply, Route

# azure-cli 2.91.0 asks with these filters: x eq 'V', and collection/any(s:s eq 'V').
_FILTER = re.compile(r"(\w+)(?:/any\((\w+):\2\s+eq\s+'([^']*)'\)|\s+eq\s+'([^']*)')", re.IGNORECASE)
_ANY_NAME = frozenset({"serviceprincipalnames", "appid", "userprincipalname", "mail", "displayname", "id"})


def me(call: Call) -> Reply:
    """Who is signed in. Raises: AzureError: 400 for an application, as Graph refuses it."""
    if call.principal.kind != "User":
        raise AzureError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
    return Reply(json=_shown(call.principal))


def list_users(call: Call) -> Reply:
    """People, by $filter."""
    return _list(call, lambda principal: principal.kind == "User")


def list_service_principals(call: Call) -> Reply:
    """Applications and managed identities, by $filter."""
    return _list(call, lambda principal: principal.kind != "User")


def list_groups(call: Call) -> Reply:
    """There are no groups."""
    return Reply(json={"value": []})


def get(call: Call) -> Reply:
    """One person or application, by object id (a person by sign-in name, too). Raises: AzureError: 404."""
    named = call.params["id"]
    for principal in call.emulator.principals.all():
        if named.lower() in (principal.object_id, principal.name.lower()):
            return Reply(json=_shown(principal))
    raise AzureError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{named}' does not exist or one of its queried reference-property objects are not present.",
    )


def get_by_ids(call: Call) -> Reply:
    """Those of the ids that exist."""
    wanted = {str(one).lower() for one in call.json().get("ids", [])}
    found = [principal for principal in call.emulator.principals.all() if principal.object_id in wanted]
    return Reply(json={"value": [_shown(principal) for principal in found]})


def _list(call: Call, chosen: Callable[[Principal], bool]) -> Reply:
    found = [principal for principal in call.emulator.principals.all() if chosen(principal)]
    text = call.query.get("$filter", "")
    if text:
        matches = list(_FILTER.finditer(text))
        if not matches or not all(match[1].lower() in _ANY_NAME for match in matches):
            raise AzureError(501, "NotImplemented", f"The emulator does not model the filter {text!r}.")
        names = {(match[3] or match[4] or "").lower() for match in matches}
        found = [principal for principal in found if names & _names(principal)]
    return Reply(json={"value": [_shown(principal) for principal in found]})


def _names(principal: Principal) -> set[str]:
    return {principal.object_id, principal.client_id, principal.name.lower()}


def _shown(principal: Principal) -> dict[str, Any]:
    if principal.kind == "User":
        return {
            "@odata.type": "#microsoft.graph.user",
            "id": principal.object_id,
            "displayName": principal.name.split("@")[0].title(),
            "userPrincipalName": principal.name,
            "mail": principal.name,
        }
    return {
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": principal.object_id,
        "appId": principal.client_id,
        "displayName": principal.name,
        "servicePrincipalType": "ManagedIdentity" if principal.kind == "ManagedIdentity" else "Application",
        "servicePrincipalNames": [principal.client_id],
    }


ROUTES = [
    Route(method="GET", path="/v1.0/me", handler=me),
    Route(method="GET", path="/v1.0/users", handler=list_users),
    Route(method="GET", path="/v1.0/users/{id}", handler=get),
    Route(method="GET", path="/v1.0/groups", handler=list_groups),
    Route(method="GET", path="/v1.0/servicePrincipals", handler=list_service_principals),
    Route(method="GET", path="/v1.0/servicePrincipals/{id}", handler=get),
    Route(method="POST", path="/v1.0/directoryObjects/getByIds", handler=get_by_ids, logged=False),
]
