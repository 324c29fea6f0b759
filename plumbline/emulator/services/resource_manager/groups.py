"""Tenants, the subscription, resource groups, and lists of resources."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from plumbline.emulator.errors import AzureError, bad_request, resource_group_not_found
from plumbline.emulator.lro import RETRY_AFTER_SECONDS
from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.resource_manager import checks, fields, long_operation
from plumbline.emulator.services.resource_manager.checks import GROUP_TYPE
from plumbline.emulator.store import Resource

_VERSIONS = (
    "2024-03-01", "2025-04-01", "2025-03-01", "2024-11-01", "2024-07-01", "2023-07-01", "2022-12-01", "2022-09-01",
    "2022-01-01", "2021-04-01", "2021-01-01", "2020-10-01", "2020-06-01", "2020-01-01", "2019-11-01", "2019-10-01",
    "2019-06-01", "2019-05-01", "2018-05-01", "2018-02-01", "2016-06-01",
)  # fmt: skip
_GROUP_NAME = re.compile(r"[\w\-.()]{0,89}[\w\-()]")
_READ = "Microsoft.Resources/subscriptions/read"
_GROUP_ACTION = "Microsoft.Resources/subscriptions/resourceGroups"


def tenants(call: Call) -> Reply:
    """GET /tenants."""
    checks.check_version(call, _VERSIONS)
    tenant = call.emulator.settings.tenant_id
    return Reply(
        json={"value": [{"id": f"/tenants/{tenant}", "tenantId": tenant, "displayName": "Plumbline"}]}
    )


def subscriptions(call: Call) -> Reply:
    """GET /subscriptions: those in which the caller may read something."""
    checks.check_version(call, _VERSIONS)
    scopes = [f"/subscriptions/{guid}" for guid in call.emulator.settings.subscriptions]
    visible = [one for one in scopes if call.emulator.access.sees_something(call.principal, one)]
    return Reply(json={"value": [_subscription(call, one) for one in visible]})


def subscription(call: Call) -> Reply:
    """GET /subscriptions/S."""
    checks.check_version(call, _VERSIONS)
    return Reply(json=_subscription(call, call.subscription_scope))


def _subscription(call: Call, scope: str) -> dict[str, Any]:
    settings, guid = call.emulator.settings, scope.rpartition("/")[2]
    stack = next((name for name, one in settings.other_subscriptions.items() if one == guid), settings.stack)
    return {
        "id": scope,
        "subscriptionId": guid,
        "tenantId": settings.tenant_id,
        "displayName": f"Emulated subscription of stack {stack}",
        "state": "Enabled",
        "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01",
                                 "spendingLimit": "Off"},
        "authorizationSource": "RoleBased",
    }  # fmt: skip


def locations(call: Call) -> Reply:
    """GET /subscriptions/S/locations."""
    checks.check_version(call, _VERSIONS)
    settings = call.emulator.settings
    item = {"id": f"{call.subscription_scope}/locations/{settings.location}", "name": settings.location,
            "type": "Region", "displayName": settings.location, "regionalDisplayName": settings.location}  # fmt: skip
    return Reply(json={"value": [item]})


def list_groups(call: Call) -> Reply:
    """GET /subscriptions/S/resourcegroups."""
    checks.check_version(call, _VERSIONS)
    listed = call.emulator.store.list(call.subscription_scope, GROUP_TYPE)
    found = [_group(call, resource) for resource in listed]
    for field, value in _filters(call.query.get("$filter", "")):
        found = [item for item in found if _holds(item, field, value)]
    return Reply(json={"value": found})


def get_group(call: Call) -> Reply:
    """GET one group."""
    checks.check_version(call, _VERSIONS)
    return Reply(json=_group(call, checks.require_group(call)))


def head_group(call: Call) -> Reply:
    """HEAD one group: 204 there, 404 not."""
    checks.check_version(call, _VERSIONS)
    checks.require_group(call)
    return Reply(status=204)


def put_group(call: Call) -> Reply:
    """Create (201) or update (200) a group."""
    checks.check_version(call, _VERSIONS)
    name, store = call.params["group"], call.emulator.store
    if _GROUP_NAME.fullmatch(name) is None:
        raise bad_request(
            "InvalidResourceGroup",
            f"The provided resource group name '{name}' has these invalid characters. The name can only be a letter, "
            "digit, '-', '.', '(', ')' or '_', at most 90 of them, and must not end with '.'.",
        )
    sent = fields.without_nulls(call.json())
    if not sent.get("location"):
        raise bad_request("LocationRequired", "The location property is required for this definition.")
    location = checks.normal_location(sent["location"])
    resource_id = f"{call.subscription_scope}/resourceGroups/{name}"
    present = store.get(resource_id)
    if present is not None and present.body["location"] != location:
        raise AzureError(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{location}'. The Resource group already exists in location "
            f"'{present.body['location']}'.",
        )
    body: dict[str, Any] = {"location": location}
    body |= {key: sent[key] for key in ("tags", "managedBy") if key in sent}
    body["properties"] = {"provisioningState": "Succeeded"}
    stored = store.put(resource_id, body, type=GROUP_TYPE, principal=call.principal)
    return Reply(status=201 if present is None else 200, json=_group(call, stored))


def patch_group(call: Call) -> Reply:
    """Replace a group's tags."""
    checks.check_version(call, _VERSIONS)
    present, sent = checks.require_group(call), call.json()
    body = present.body | ({"tags": sent["tags"] or {}} if "tags" in sent else {})
    return Reply(
        json=_group(
            call, call.emulator.store.put(present.id, body, type=GROUP_TYPE, principal=call.principal)
        )
    )


def delete_group(call: Call) -> Reply:
    """Remove a group and everything in it, role assignments on it too."""
    checks.check_version(call, _VERSIONS)
    group, emulator = checks.require_group(call), call.emulator
    emulator.store.delete(group.id)
    return long_operation.accepted(
        call, "operation-results", resource_id=group.id, location=group.body["location"],
        state=long_operation.DELETING, seconds=2.0 if emulator.noises.has("slow_operations") else 0.0, status=202,
        content={},
    )  # fmt: skip


def _group(call: Call, resource: Resource) -> dict[str, Any]:
    return {"id": resource.id, "name": resource.name, "type": GROUP_TYPE, **resource.body}


def list_resources(call: Call) -> Reply:
    """GET resources of the subscription or of one group, by $filter resourceType, name or tag; $top is honoured."""
    checks.check_version(call, _VERSIONS)
    scope = call.subscription_scope
    if "group" in call.params:
        scope = checks.require_group(call).id
    listed = [
        resource
        for resource in call.emulator.store.list(scope, below=True)
        if "location" in resource.body and resource.type != GROUP_TYPE and resource.type.count("/") == 1
    ]
    if call.emulator.noises.has("lagging_lists"):
        cached_until = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        listed = [resource for resource in listed if resource.system_data["createdAt"] < cached_until]
    found = [_summary(resource) for resource in listed]
    for field, value in _filters(call.query.get("$filter", "")):
        found = [item for item in found if _holds(item, field, value)]
    top = call.query.get("$top", "")
    return Reply(json={"value": found[: int(top)] if top.isdigit() else found})


def _filters(text: str) -> list[tuple[str, str]]:
    if not text:
        return []
    parts = [part.strip() for part in re.split(r"\s+and\s+", text, flags=re.IGNORECASE)]
    found = []
    for part in parts:
        match = re.fullmatch(
            r"(resourceType|name|resourceGroup|tagName|tagValue|location)\s+eq\s+'([^']*)'",
            part,
            re.IGNORECASE,
        )
        if match is None:
            raise bad_request(
                "InvalidFilterInQueryString", f"Invalid $filter '{text}' specified in the query string."
            )
        found.append((match[1].lower(), match[2]))
    return found


def _holds(item: dict[str, Any], field: str, value: str) -> bool:
    tags = item.get("tags", {})
    found = {
        "resourcetype": [item["type"]],
        "name": [item["name"]],
        "location": [item["location"]],
        "resourcegroup": [item["id"].split("/")[4]],
        "tagname": list(tags),
        "tagvalue": list(tags.values()),
    }[field]
    return value.lower() in (str(one).lower() for one in found)


def _summary(resource: Resource) -> dict[str, Any]:
    shown = {"id": resource.id, "name": resource.name, "type": resource.type}
    return shown | {key: resource.body[key] for key in ("location", "tags", "kind", "sku", "identity", "managedBy")
                    if key in resource.body}  # fmt: skip


def operation_status(call: Call) -> Reply:
    """GET the state of a long-running operation."""
    status = call.emulator.operations.status(call.params["operation"])
    if status is None:
        raise AzureError(404, "NotFound", f"The operation '{call.params['operation']}' was not found.")
    # Without the header on every answer azure-core goes back to its own thirty seconds.
    waiting = {"retry-after": str(RETRY_AFTER_SECONDS)} if status["status"] == "InProgress" else {}
    return Reply(json=status, headers=waiting)


def operation_result(call: Call) -> Reply:
    """GET what a Location header leads to: 202 while it runs, then 204."""
    status = call.emulator.operations.status(call.params["operation"])
    if status is None:
        raise resource_group_not_found(call.params["operation"])
    if status["status"] == "InProgress":
        return Reply(
            status=202, headers=call.emulator.operations.headers(call.params["operation"], location=True)
        )
    return Reply(status=204)


_S = "/subscriptions/{subscription}"
_G = f"{_S}/resourceGroups/{{group}}"
ROUTES = [
    Route(method="GET", path="/tenants", handler=tenants),
    Route(method="GET", path="/subscriptions", handler=subscriptions),
    Route(method="GET", path=_S, handler=subscription, action=_READ),
    Route(method="GET", path=f"{_S}/locations", handler=locations, action=_READ),
    Route(method="GET", path=f"{_S}/resourceGroups", handler=list_groups, action=f"{_GROUP_ACTION}/read"),
    Route(method="GET", path=_G, handler=get_group, action=f"{_GROUP_ACTION}/read"),
    Route(method="HEAD", path=_G, handler=head_group, action=f"{_GROUP_ACTION}/read"),
    Route(method="PUT", path=_G, handler=put_group, action=f"{_GROUP_ACTION}/write"),
    Route(method="PATCH", path=_G, handler=patch_group, action=f"{_GROUP_ACTION}/write"),
    Route(method="DELETE", path=_G, handler=delete_group, action=f"{_GROUP_ACTION}/delete"),
    Route(
        method="GET", path=f"{_S}/resources", handler=list_resources,
        action="Microsoft.Resources/subscriptions/resources/read",
    ),
    Route(
        method="GET", path=f"{_G}/resources", handler=list_resources,
        action="Microsoft.Resources/subscriptions/resourceGroups/resources/read",
    ),
    Route(
        method="GET", path=f"{_S}/providers/Microsoft.Resources/operationStatuses/{{operation}}",
        handler=operation_status,
    ),
    Route(
        method="GET", path=f"{_S}/providers/Microsoft.Resources/operationResults/{{operation}}",
        handler=operation_result,
    ),
]  # fmt: skip
