"""The Tags API: all tags of a resource, group or subscription, as the portal's tag blade and `az tag` write them."""

from __future__ import annotations

from typing import Any

from plumbline.emulator.errors import bad_request, resource_not_found
from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.resource_manager import checks
from plumbline.emulator.store import Resource

_TYPE = "Microsoft.Resources/tags"
_VERSIONS = ("2021-04-01", "2025-04-01", "2025-03-01", "2024-11-01", "2024-03-01", "2022-09-01", "2020-10-01", "2019-10-01")  # fmt: skip
_SUBSCRIPTION_TYPE = "Microsoft.Resources/subscriptions"


def get(call: Call) -> Reply:
    """The tags in force."""
    return Reply(json=_answer(call, _tags(_target(call))))


def put(call: Call) -> Reply:
    """Replaces all tags."""
    return _write(call, _sent(call))


def patch(call: Call) -> Reply:
    """Merges, replaces or deletes tags, as ``operation`` says.

    Source: REST reference, Tags - Update At Scope.
    """
    operation, sent = str(call.json().get("operation", "")), _sent(call)
    present = _tags(_target(call))
    match operation.lower():
        case "merge":
            return _write(call, present | sent)
        case "replace":
            return _write(call, sent)
        case "delete":
            return _write(call, {name: value for name, value in present.items() if sent.get(name) != value})
        case _:
            raise bad_request(
                "InvalidRequestContent", f"The operation '{operation}' is none of Merge, Replace and Delete."
            )


def delete(call: Call) -> Reply:
    """Removes all tags."""
    _write(call, {})
    return Reply(status=200)


def _scope(call: Call) -> str:
    return "/" + call.params["scope"].strip("/")


def _target(call: Call) -> Resource | None:
    """What is tagged; None for a subscription that has no tags yet."""
    checks.check_version(call, _VERSIONS, provider_type="tags")
    scope = _scope(call)
    stored = call.emulator.store.get(scope)
    if stored is None and scope.lower() != call.subscription_scope:
        raise resource_not_found(scope)
    return stored


def _tags(target: Resource | None) -> dict[str, str]:
    return dict(target.body.get("tags") or {}) if target is not None else {}


def _sent(call: Call) -> dict[str, str]:
    found = (call.json().get("properties") or {}).get("tags") or {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise bad_request("InvalidTagsParameter", "The 'tags' property must be an object of string values.")
    return dict(found)


def _write(call: Call, tags: dict[str, str]) -> Reply:
    target = _target(call)
    body: dict[str, Any] = {**(target.body if target is not None else {}), "tags": tags}
    kind = target.type if target is not None else _SUBSCRIPTION_TYPE
    call.emulator.store.put(_scope(call), body, type=kind, principal=call.principal)
    return Reply(json=_answer(call, tags))


def _answer(call: Call, tags: dict[str, str]) -> dict[str, Any]:
    return {
        "id": f"{_scope(call)}/providers/{_TYPE}/default",
        "name": "default",
        "type": _TYPE,
        "properties": {"tags": tags},
    }


_PATH = f"/{{scope:path}}/providers/{_TYPE}/default"
ROUTES = [
    Route(method="GET", path=_PATH, handler=get, action=f"{_TYPE}/read"),
    Route(method="PUT", path=_PATH, handler=put, action=f"{_TYPE}/write"),
    Route(method="PATCH", path=_PATH, handler=patch, action=f"{_TYPE}/write"),
    Route(method="DELETE", path=_PATH, handler=delete, action=f"{_TYPE}/delete"),
]
