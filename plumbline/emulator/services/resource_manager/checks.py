"""What ARM refuses before a resource provider sees the request: versions, subscriptions, groups, names, locations."""

from __future__ import annotations

from typing import Any

from plumbline.emulator.errors import (
    AzureError,
    bad_request,
    parent_not_found,
    resource_group_not_found,
)
from plumbline.emulator.routing import Call
from plumbline.emulator.services.resource_manager import fields
from plumbline.emulator.services.resource_manager.resource_types import ResourceType
from plumbline.emulator.store import Resource, parent_of

GROUP_TYPE = "Microsoft.Resources/resourceGroups"


def check_api_version(call: Call, kind: ResourceType) -> None:
    """Raises: AzureError: 400 when the api-version is missing or not one of the type's."""
    check_version(call, kind.api_versions, provider_type=kind.relative)


def check_version(call: Call, accepted: tuple[str, ...], *, provider_type: str | None = None) -> None:
    """The same for routes outside the table; without ``provider_type`` in the words of ARM's own routes."""
    asked = call.api_version
    if not asked:
        raise AzureError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
            gateway=True,
        )
    if asked in accepted:
        return
    versions = ", ".join(accepted)
    if provider_type is None:
        raise AzureError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{asked}' is invalid. The supported versions are '{versions}'.",
            gateway=True,
        )
    location = call.emulator.settings.location
    raise AzureError(
        400,
        "NoRegisteredProviderFound",
        f"No registered resource provider found for location '{location}' and API version '{asked}' for type "
        f"'{provider_type}'. The supported api-versions are '{versions}'. The supported locations are '{location}'.",
        gateway=True,
    )


def normal_location(location: Any) -> Any:
    """A location as ARM keeps it: "West Europe" becomes "westeurope"."""
    return location.replace(" ", "").lower() if isinstance(location, str) else location


def require_group(call: Call) -> Resource:
    """The group in the path. Raises: AzureError: 404 ResourceGroupNotFound."""
    group = call.emulator.store.get(f"{call.subscription_scope}/resourceGroups/{call.params['group']}")
    if group is None:
        raise resource_group_not_found(call.params["group"])
    return group


def canonical_id(call: Call, kind: ResourceType) -> str:
    """The id under which a new resource is kept: its parent's as first stored, its own segments as the table has them.

    Raises: AzureError: 404 when the group or the parent is not there.
    """
    params = call.params
    if kind.scope == "group":
        root = require_group(call).id
    elif kind.scope == "subscription":
        root = call.subscription_scope
    else:
        root = "/" + params["scope"].strip("/") if params["scope"].strip("/") else ""
        if not is_scope(call, root):
            raise parent_not_found(root, kind.type)
        stored = call.emulator.store.get(root)
        root = stored.id if stored is not None else root
    own = kind.path
    for name, value in params.items():
        own = own.replace(f"{{{name}}}", value)
    resource_id = root + own
    if not kind.nested:
        return resource_id
    parent_id = parent_of(resource_id)
    if parent_id.rsplit("/", 2)[-2] in kind.implicit:
        tail, parent_id = resource_id[len(parent_of(parent_id)) :], parent_of(parent_id)
    else:
        tail = resource_id[len(parent_id) :]
    parent = call.emulator.store.get(parent_id)
    if parent is None:
        raise parent_not_found(parent_id, kind.type)
    return parent.id + tail


def is_scope(call: Call, scope: str) -> bool:
    """Whether something can be assigned there: root, subscription, group or resource that exists."""
    subscription = call.subscription_scope
    return scope in ("", "/") or scope.lower() == subscription or call.emulator.store.get(scope) is not None


def check_body(call: Call, kind: ResourceType, body: dict[str, Any], present: Resource | None) -> None:
    """Raises: AzureError: for a bad name, a missing field, or a location other than the resource's."""
    name = call.params["name"]
    if kind.name_rule is not None and kind.name_rule.pattern.fullmatch(name) is None:
        raise bad_request(kind.name_rule.code, kind.name_rule.message.format(name=name))
    if kind.tracked and fields.read(body, "location") is fields.MISSING:
        raise bad_request("LocationRequired", "The location property is required for this definition.")
    for dotted in kind.required:
        if fields.read(body, dotted) in (fields.MISSING, None, ""):
            raise bad_request(
                "InvalidRequestContent", f"The request content was invalid: required property '{dotted}' is missing.",
                target=dotted,
            )  # fmt: skip
    tags = body.get("tags")
    if tags is not None and not (
        isinstance(tags, dict) and all(isinstance(value, str) for value in tags.values())
    ):
        raise bad_request("InvalidTagsParameter", "The 'tags' property must be an object of string values.")
    if present is not None and kind.tracked:
        old, new = present.body.get("location"), normal_location(body.get("location"))
        if old != new:
            group = call.params.get("group", "")
            raise AzureError(
                409,
                "InvalidResourceLocation",
                f"The resource '{present.name}' already exists in location '{old}' in resource group '{group}'. A "
                f"resource with the same name cannot be created in location '{new}'. Please select a new resource name.",
            )


def check_preconditions(call: Call, present: Resource | None) -> None:
    """If-Match and If-None-Match. Raises: AzureError: 412 when they do not hold."""
    wanted, unwanted = call.headers.get("if-match"), call.headers.get("if-none-match")
    missed = (wanted is not None and (present is None or wanted.strip('"') not in ("*", present.etag))) or (
        unwanted == "*" and present is not None
    )
    if missed:
        raise AzureError(
            412, "PreconditionFailed", "The condition specified using HTTP conditional header(s) is not met."
        )
