"""GET, HEAD, PUT, PATCH, DELETE, lists and actions of every type in a table."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from plumbline.emulator.errors import AzureError, resource_not_found
from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.resource_manager import actions, checks, fields, long_operation
from plumbline.emulator.services.resource_manager.assigned_identity import fill_identity
from plumbline.emulator.services.resource_manager.resource_types import ResourceType, ResourceTypes, TakenName
from plumbline.emulator.store import Resource, now_text

BeforePut = Callable[[Call, str, Resource | None, dict[str, Any]], None]
AfterPut = Callable[[Call, Resource], None]
Presented = Callable[[Call, Resource, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What a type does beyond its row, inside the same transaction.

    Args:
        before_put: (call, id, present resource or None, body to store): may change the body or refuse.
        after_put: Once stored.
        before_delete: May refuse.
        presented: The answer as clients see it; also for lists.
    """

    before_put: BeforePut | None = None
    after_put: AfterPut | None = None
    before_delete: AfterPut | None = None
    presented: Presented | None = None


class ResourceHandlers:
    """The handlers of one type."""

    def __init__(self, kind: ResourceType, hooks: Hooks | None = None) -> None:
        self.kind = kind
        self.hooks = hooks or Hooks()

    def get(self, call: Call) -> Reply:
        """One resource. Raises: AzureError: 404."""
        checks.check_api_version(call, self.kind)
        return Reply(json=self.answer(call, self._found(call)))

    def put(self, call: Call) -> Reply:
        """Create (201) or replace (200)."""
        kind, emulator = self.kind, call.emulator
        checks.check_api_version(call, kind)
        resource_id = checks.canonical_id(call, kind)
        present = emulator.store.get(resource_id)
        body = self._clean(call.json())
        checks.check_body(call, kind, body, present)
        checks.check_preconditions(call, present)
        if kind.unique and present is None:
            self._refuse_taken_name(call, resource_id)
        return self._store(call, resource_id, present, body)

    def patch(self, call: Call) -> Reply:
        """Merge into what is there."""
        checks.check_api_version(call, self.kind)
        present = self._found(call)
        checks.check_preconditions(call, present)
        patch = self._clean(call.json(), keep_nulls=True)
        body = fields.merged(present.body, patch)
        if "tags" in patch:
            body["tags"] = patch["tags"] or {}
        checks.check_body(call, self.kind, body, present)
        return self._store(call, present.id, present, body)

    def delete(self, call: Call) -> Reply:
        """Remove it and what lies below; 204 when there is nothing."""
        checks.check_api_version(call, self.kind)
        store = call.emulator.store
        present = store.get(call.path)
        if present is None:
            return Reply(status=204)
        checks.check_preconditions(call, present)
        if self.hooks.before_delete is not None:
            self.hooks.before_delete(call, present)
        store.delete(present.id)
        seconds = self._seconds(call, "delete")
        if style := self._recorded(call).style.get("delete"):
            return long_operation.accepted(
                call, style, resource_id=present.id, location=self._location(call, present.body),
                state=long_operation.DELETING, seconds=seconds, status=202, content={},
            )  # fmt: skip
        if seconds:
            operation = call.emulator.operations.begin(present.id, state="Deleting", seconds=seconds)
            return Reply(status=202, headers=call.emulator.operations.headers(operation, location=True))
        return Reply(status=self.kind.deleted_status)

    def list(self, call: Call) -> Reply:
        """All of this type at the path's parent, or in the whole group or subscription."""
        checks.check_api_version(call, self.kind)
        if "group" in call.params:
            checks.require_group(call)
        marker = f"/providers/{self.kind.type}".lower()
        parent = call.path.rstrip("/").rsplit("/", 1)[0]
        if not self.kind.nested:
            parent = call.path[: call.path.lower().rindex(marker)]
        below = self.kind.scope == "group" and "group" not in call.params
        found = call.emulator.store.list(parent, self.kind.type, below=below)
        return Reply(json={"value": [self.answer(call, resource) for resource in found]})

    def action(self, call: Call) -> Reply:
        """A POST action of the row, such as listKeys."""
        checks.check_api_version(call, self.kind)
        target = call.path.rstrip("/").rsplit("/", 1)
        present = call.emulator.store.get(target[0])
        if present is None:
            raise resource_not_found(target[0])
        by_name = {name.lower(): handler for name, handler in self.kind.actions.items()}
        return Reply(json=actions.HANDLERS[by_name[target[1].lower()]](call, present))

    def _recorded(self, call: Call) -> ResourceType:
        """The type, without the recorded forms that a test took away."""
        gone = call.emulator.recorded.taken_away
        return self.kind.without(gone) if gone else self.kind

    def answer(self, call: Call, resource: Resource, *, pending: bool = False) -> dict[str, Any]:
        """A stored resource as ARM answers it; ``pending`` as while an operation on it is under way."""
        kind = self._recorded(call)
        state = call.emulator.operations.state_of(resource.id)
        shown: dict[str, Any] = {
            "id": kind.id_form.of(resource.id) if kind.id_form is not None else resource.id,
            "name": resource.name,
            "type": kind.answered_type or kind.type,
            **copy.deepcopy(resource.body),
        }
        if kind.etag:
            shown["etag"] = kind.etag.format(etag=uuid.UUID(resource.etag))
        if pending or (state is not None and kind.pending):
            values = _placeholders(call, resource.id, resource.body)
            for dotted, value in kind.pending.items():
                fields.write(shown, dotted, fields.filled(value, values))
        elif state is not None and "provisioningState" in shown.get("properties", {}):
            shown["properties"]["provisioningState"] = state
        _respell(kind, shown)
        if kind.system_data:
            shown["systemData"] = _system_data(resource.system_data, kind.system_data_time)
        return self.hooks.presented(call, resource, shown) if self.hooks.presented is not None else shown

    # -- parts

    def _found(self, call: Call) -> Resource:
        if "group" in call.params:
            checks.require_group(call)
        present = call.emulator.store.get(call.path)
        if present is None:
            raise resource_not_found(call.path, kind=self._recorded(call).missing_type)
        return present

    def _seconds(self, call: Call, method: str) -> float:
        slow = call.emulator.noises.has("slow_operations")
        return self.kind.long_running.get(method, 0.0) if slow else 0.0

    def _location(self, call: Call, body: Mapping[str, Any]) -> str:
        found = str(body.get("location", call.emulator.settings.location))
        return call.emulator.settings.location if found == "global" else found

    def _clean(self, sent: dict[str, Any], *, keep_nulls: bool = False) -> dict[str, Any]:
        body = dict(sent) if keep_nulls else fields.without_nulls(sent)
        for name in ("id", "name", "type", "systemData", "etag"):
            body.pop(name, None)
        for dotted in self.kind.write_only:
            fields.remove(body, dotted)
        if "location" in body:
            body["location"] = checks.normal_location(body["location"])
        return body

    def _store(self, call: Call, resource_id: str, present: Resource | None, body: dict[str, Any]) -> Reply:
        emulator, kind = call.emulator, self._recorded(call)
        values = _placeholders(call, resource_id, body)
        for dotted, default in kind.defaults.items():
            if fields.read(body, dotted) is fields.MISSING:
                fields.write(body, dotted, fields.filled(default, values))
        for dotted, recipe in kind.generated.items():
            kept = fields.read(present.body, dotted) if present is not None else fields.MISSING
            values[dotted] = made = _made(recipe) if kept is fields.MISSING else kept
            fields.write(body, dotted, made)
        for dotted, output in kind.outputs.items():
            fields.write(body, dotted, fields.filled(output, _Dotted(values)))
        if "identity" in body:
            fill_identity(call, resource_id, body, present.body if present is not None else {})
        if self.hooks.before_put is not None:
            self.hooks.before_put(call, resource_id, present, body)
        stored = emulator.store.put(resource_id, body, type=kind.type, principal=call.principal)
        if self.hooks.after_put is not None:
            self.hooks.after_put(call, stored)
        status = kind.created_status if present is None else 200
        seconds, state = self._seconds(call, "put"), "Creating" if present is None else "Updating"
        if style := kind.style.get("create" if present is None else "update"):
            return long_operation.accepted(
                call, style, resource_id=stored.id, location=self._location(call, body), state=state, seconds=seconds,
                status=status, content=self.answer(call, stored, pending=True),
            )  # fmt: skip
        headers = dict[str, str]()
        if seconds:
            operation = emulator.operations.begin(stored.id, state=state, seconds=seconds)
            headers = emulator.operations.headers(operation)
        shown = self.answer(call, stored)
        if kind.relative_location and present is None:
            headers["location"] = shown["id"]
        return Reply(status=status, json=shown, headers=headers)

    def _refuse_taken_name(self, call: Call, resource_id: str) -> None:
        name = resource_id.rsplit("/", 1)[-1]
        if is_taken(call, self.kind, name):
            taken = self._recorded(call).taken or TakenName(
                code="Conflict", message="The name {name} is taken."
            )
            raise AzureError(409, taken.code, taken.message.format(name=name), beside=taken.beside)


def is_taken(call: Call, kind: ResourceType, name: str) -> bool:
    """Whether a resource of the type has this name, anywhere in the subscriptions."""
    return any(
        other.name.lower() == name.lower()
        for subscription in call.emulator.settings.subscriptions
        for other in call.emulator.store.list(f"/subscriptions/{subscription}", kind.type, below=True)
    )


def _respell(kind: ResourceType, shown: dict[str, Any]) -> None:
    """Nulls, dropped defaults and the service's own spelling, in place."""
    for dotted, value in kind.dropped.items():
        found = fields.read(shown, dotted)
        if found is not fields.MISSING and (fields.is_hollow(found) if value == "empty" else found == value):
            fields.remove(shown, dotted)
    for dotted in kind.nulls:
        if fields.read(shown, dotted) is fields.MISSING:
            fields.write(shown, dotted, None)
    for dotted, spellings in kind.spellings.items():
        found = fields.read(shown, dotted)
        for spelling in spellings:
            if isinstance(found, str) and found.lower() == spelling.lower():
                fields.write(shown, dotted, spelling)


def _system_data(kept: Mapping[str, str], form: str) -> dict[str, str]:
    shown = dict(kept)
    for name in ("createdAt", "lastModifiedAt"):
        if form and name in shown:
            bare = shown[name].removesuffix("Z")
            shown[name] = f"{bare}+00:00" if form == "offset" else f"{bare[:23]}Z"
    return shown


class _Dotted(dict[str, Any]):
    """Lets a template name a generated field by its last part: {customerId} for "properties.customerId"."""

    def __missing__(self, name: str) -> Any:
        for dotted, value in self.items():
            if dotted.rsplit(".", 1)[-1] == name:
                return value
        raise KeyError(name)


def _placeholders(call: Call, resource_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    settings = call.emulator.settings
    return {
        "id": resource_id,
        "name": resource_id.rsplit("/", 1)[-1],
        "location": str(body.get("location", settings.location)),
        "tenant_id": settings.tenant_id,
        "subscription_id": call.subscription_scope.rpartition("/")[2],
        "storage_suffix": settings.storage_suffix,
        "base_url": settings.base_url,
        "api_version": call.api_version,
        "now": now_text(),
        "next_hour": (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:00:00.0000000Z"),
    }


def _made(recipe: str) -> str:
    if recipe == "guid":
        return str(uuid.uuid4())
    if recipe == "hex":
        return uuid.uuid4().hex
    if recipe == "time":
        return now_text()
    if recipe == "offset_time":
        return now_text().removesuffix("Z") + "+00:00"
    raise ValueError(f"generated: got {recipe!r}, expected guid, hex, time or offset_time")


def routes_of(types: ResourceTypes, hooks: Mapping[str, Hooks] | None = None) -> list[Route]:
    """All routes of a table.

    Args:
        hooks: By type name, for what a row cannot say.
    """
    found: list[Route] = []
    for kind in types:
        handlers = ResourceHandlers(kind, (hooks or {}).get(kind.type))
        one = kind.route
        pairs: list[tuple[str, str, Callable[[Call], Reply], str]] = [
            ("GET", one, handlers.get, "read"),
            ("PUT", one, handlers.put, "write"),
            ("PATCH", one, handlers.patch, "write"),
            ("DELETE", one, handlers.delete, "delete"),
            ("GET", kind.collection, handlers.list, "read"),
        ]
        if kind.scope == "group" and not kind.nested:
            pairs.append(
                ("GET", f"/subscriptions/{{subscription}}/providers/{kind.type}", handlers.list, "read")
            )
        pairs += [("POST", f"{one}/{action}", handlers.action, f"{action}/action") for action in kind.actions]
        found += [
            Route(method=method, path=path, handler=handler, action=f"{kind.type}/{verb}")
            for method, path, handler, verb in pairs
        ]
    return found
