"""Long operations in the forms that Azure's providers were recorded to use: one row of async_styles.yaml each."""

from __future__ import annotations

import dataclasses
import re
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from plumbline.emulator.errors import AzureError
from plumbline.emulator.lro import RETRY_AFTER_SECONDS, Operation
from plumbline.emulator.routing import Call, Reply, Route

_TABLE = Path(__file__).with_name("async_styles.yaml")
DELETING = "Deleting"
_RETRY = {"retry-after": str(RETRY_AFTER_SECONDS)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Style:
    """One row of the table, which explains the members."""

    id: str
    body: str
    status: int | None = None
    operation: str = ""
    location: str = ""
    deletion: str = ""
    notification: bool = False
    poll_status: int = 200
    under_way: str = "InProgress"
    silent: bool = False
    done: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    recorded: str = ""


@cache
def styles() -> Mapping[str, Style]:
    """All styles by id."""
    rows = yaml.load(_TABLE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["styles"]
    return {row["id"]: Style(**row) for row in rows}


def accepted(
    call: Call,
    style_id: str,
    *,
    resource_id: str,
    location: str,
    state: str,
    seconds: float,
    status: int,
    content: Any,
    error: dict[str, Any] | None = None,
) -> Reply:
    """Begins an operation and answers as the style does.

    Args:
        location: The resource's, for the addresses.
        state: provisioningState meanwhile.
        seconds: How long it takes: zero without noise, and the first poll finds it done.
        status: For a style that has none of its own.
        content: The resource, pending.
        error: It fails, with this.
    """
    style = styles()[style_id]
    if style.recorded in call.emulator.recorded.taken_away:
        return Reply(status=200 if state == DELETING else status, json=content)
    operation = call.emulator.operations.begin(resource_id, state=state, seconds=seconds, error=error)
    if state == DELETING and style.deletion:
        style = dataclasses.replace(style, location=style.deletion)
    headers = _headers(call, style, operation, resource_id=resource_id, location=location)
    if style.silent and not seconds:
        headers.pop("retry-after", None)
    reply = Reply(status=style.status or status, headers=headers)
    if style.body == "empty" or state == DELETING:
        reply.body = b""
        reply.headers["content-type"] = "text/plain; charset=utf-8"
    else:
        reply.json = {} if style.body == "object" else content
    return reply


def _headers(call: Call, style: Style, operation: str, *, resource_id: str, location: str) -> dict[str, str]:
    values = {
        "subscription": call.subscription_scope,
        "group": "/".join(resource_id.split("/")[:5]),
        "resource": resource_id,
        "location": location,
        "operation": operation,
        "version": call.api_version,
        "nonce": secrets.token_hex(8),
    }
    headers = dict(_RETRY)
    if style.operation:
        headers["azure-asyncoperation"] = call.base_url + style.operation.format_map(values)
    if style.location == "self":
        headers["location"] = f"{call.base_url}{resource_id}?api-version={call.api_version}"
    elif style.location:
        headers["location"] = call.base_url + style.location.format_map(values)
    if style.notification:
        headers["azure-asyncnotification"] = "Enabled"
    return headers


def _find(call: Call) -> Operation:
    found = call.emulator.operations.find(call.params["operation"])
    if found is None:
        raise AzureError(404, "NotFound", f"The operation '{call.params['operation']}' was not found.")
    return found


class _Polls:
    """The two addresses of one style."""

    def __init__(self, style: Style) -> None:
        self._style = style

    def operation(self, call: Call) -> Reply:
        """What Azure-AsyncOperation leads to: the status alone."""
        found, style = _find(call), self._style
        if not found.done:
            headers = self._again(call, found)
            return Reply(status=style.poll_status, json={"status": style.under_way}, headers=headers)
        if found.error is not None:
            return Reply(json={"status": "Failed", "error": found.error})
        return Reply(json={"status": "Succeeded", **style.done})

    def location(self, call: Call) -> Reply:
        """What Location leads to: 202 without a body, then the resource, or nothing."""
        found = _find(call)
        if not found.done:
            headers = self._again(call, found) | {"content-type": "text/plain; charset=utf-8"}
            return Reply(status=202, body=b"", headers=headers)
        if found.state == DELETING:
            return Reply(status=200, body=b"")
        return read_as(call, found.resource_id)

    def either(self, call: Call) -> Reply:
        """One address for both: what is asked for stands in `type`."""
        return self.location(call) if call.query.get("type") == "location" else self.operation(call)

    def _again(self, call: Call, found: Operation) -> dict[str, str]:
        place = call.params.get("location", call.emulator.settings.location)
        return _headers(call, self._style, found.id, resource_id=found.resource_id, location=place)


def read_as(call: Call, resource_id: str) -> Reply:
    """A resource as its own GET answers it, asked for by the same caller."""
    stored = call.emulator.store.get(resource_id)
    path = stored.id if stored is not None else resource_id
    found = call.emulator.router.find("GET", path)
    if found is None:
        raise AzureError(404, "NotFound", f"The resource '{resource_id}' was not found.")
    route, params = found
    reply = route.handler(dataclasses.replace(call, method="GET", path=path, route=route, params=params))
    assert isinstance(reply, Reply), "resources are read at once"
    return reply


def _routes() -> list[Route]:
    found: dict[str, Route] = {}
    for style in styles().values():
        polls = _Polls(style)
        one_address = style.operation.split("?")[0] == style.location.split("?")[0]
        for address, handler in (
            (style.operation, polls.either if one_address else polls.operation),
            (style.location, polls.location),
            (style.deletion, polls.location),
        ):
            path = address.split("?")[0]
            if path in ("", "self"):
                continue
            path = path.replace("{subscription}", "/subscriptions/{subscription}")
            path = path.replace("{group}", "/subscriptions/{subscription}/resourceGroups/{group}")
            path = path.replace(
                "{resource}",
                "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Resources/deployments/{name}",
            )
            found.setdefault(path, Route(method="GET", path=re.sub("//+", "/", path), handler=handler))
    return list(found.values())


ROUTES = _routes()
