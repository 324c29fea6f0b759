"""Routes, calls and replies: how a service says what it answers, and how a request finds it.

Paths match without regard to case; parameters keep the case that the client sent. ``{name:path}`` takes the rest of
a path (at its end) or any number of leading segments (at its start, for ARM's extension resources).
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from plumbline.emulator import json_text
from plumbline.emulator.errors import AzureError

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator
    from plumbline.emulator.principals import Principal

Audience = Literal["arm", "storage", "none", "machine_learning", "registry", "run", "inference"]
NO_BODY: Any = object()
# What Resource Manager takes (learn, "Azure subscription and service limits", resource group limits: 4 MB), and the
# longest blob that is sent at once (learn, "Scalability and performance targets for Blob storage").
LARGEST_BODY = 4 * 1024**2
LARGEST_STREAM = 5000 * 1024**2


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method on one path.

    Args:
        method: Upper case. HEAD falls back to GET, without its body, where no HEAD route is declared.
        path: Starlette-like; see the module's text.
        handler: Sync (runs inside one store transaction together with its activity-log entry, for writes) or async.
        audience: Who the token must be for. "run" takes ARM and Azure ML tokens and a step's job-scoped token;
            such a job-scoped token is refused by every other audience. "registry" takes ARM and Azure ML tokens, "inference" those of Azure ML alone. "storage" takes a storage token or a SAS.
        action: RBAC action needed, as Azure names it; None lets any authenticated caller in.
        data_action: The action is a data action (matched against dataActions).
        scope: What the action is checked on. Default: the ARM id in the path.
        sas: For "storage": letters of SAS permissions of which one must be granted.
        streaming: The body is not read ahead; use ``call.stream()``.
        body_limit: Bytes that are read of a body; a longer one is refused.
        logged: Enters the activity log when it is a write. Data-plane routes say False.
    """

    method: str
    path: str
    handler: Callable[[Call], Awaitable[Reply] | Reply]
    audience: Audience = "arm"
    action: str | None = None
    data_action: bool = False
    scope: Callable[[Call], str] | None = None
    sas: str = ""
    streaming: bool = False
    body_limit: int = LARGEST_BODY
    logged: bool = True


@dataclass(kw_only=True)
class Call:
    """One request, as a handler sees it, after its token and rights were checked.

    ``path`` is percent-decoded, without the query; ``query`` keys are lower case ("$filter", "api-version").
    ``headers`` keys are lower case.
    """

    method: str
    path: str
    params: dict[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    emulator: Emulator
    principal: Principal
    route: Route
    body: bytes = b""
    receive: Callable[[], Awaitable[dict[str, Any]]] | None = None
    token_claims: Mapping[str, Any] = field(default_factory=dict)
    correlation_id: str = ""
    started: float = field(default_factory=time.perf_counter)

    @property
    def api_version(self) -> str:
        """The api-version asked for; empty when there is none."""
        return self.query.get("api-version", "")

    @property
    def subscription_scope(self) -> str:
        """ARM id of the subscription that the path lies in; of a path in none the emulator's first."""
        parts = self.path.strip("/").split("/")
        for before, guid in pairwise(parts):
            if before.lower() == "subscriptions" and guid.lower() in self.emulator.settings.subscriptions:
                return f"/subscriptions/{guid.lower()}"
        return self.emulator.settings.subscription_scope

    @property
    def base_url(self) -> str:
        """Where the client reached the emulator, without a trailing slash."""
        return self.emulator.settings.base_url

    def json(self) -> dict[str, Any]:
        """The body as a JSON object, its members in the types that Azure declares for the operation.

        Raises: AzureError: 400 InvalidRequestContent when it is not one, or a member cannot be read as its type.
        """
        try:
            value = json_text.loads(self.body) if self.body else {}
        except ValueError as error:
            raise _bad_json(str(error)) from error
        if not isinstance(value, dict):
            raise _bad_json(f"got {type(value).__name__}, expected an object")
        if not isinstance(value.get("properties") or {}, dict):
            raise _bad_json(f"properties: got {type(value['properties']).__name__}, expected an object")
        return self.emulator.body_types.read(self.method, self.route.path, value)

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises: AzureError: 413, when it is longer than `limit` bytes."""
        return b"".join([chunk async for chunk in self.stream(limit)])

    async def stream(self, limit: int = LARGEST_STREAM) -> AsyncIterator[bytes]:
        """The body in pieces, for routes declared ``streaming``.

        Raises: AzureError: 413, when it is longer than `limit` bytes; at once where Content-Length says so.
        """
        if self.receive is None:
            yield self.body
            return
        announced, size = self.headers.get("content-length", ""), 0
        if announced.isdigit() and int(announced) > limit:
            raise _too_large(self.route.audience, limit)
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError("the client went away in the middle of its request")
            if chunk := message.get("body", b""):
                size += len(chunk)
                if size > limit:
                    raise _too_large(self.route.audience, limit)
                yield chunk
            if not message.get("more_body", False):
                return


def _too_large(audience: Audience, limit: int) -> AzureError:
    if audience == "storage":
        return AzureError(
            413,
            "RequestBodyTooLarge",
            "The request body is too large and exceeds the maximum permissible limit.",
        )
    return AzureError(
        413, "RequestContentTooLarge", f"The request content exceeds the maximum size of {limit} bytes."
    )


def _bad_json(why: str) -> AzureError:
    return AzureError(
        400,
        "InvalidRequestContent",
        f"The request content was invalid and could not be deserialized: '{why}'.",
    )


@dataclass(kw_only=True)
class Reply:
    """What a handler answers: one of ``json``, ``body``, ``file`` (with an optional byte range) or ``stream``."""

    status: int = 200
    json: Any = NO_BODY
    body: bytes | None = None
    file: Path | None = None
    file_range: tuple[int, int] | None = None
    stream: AsyncIterator[bytes] | None = None
    headers: dict[str, str] = field(default_factory=dict)


class _Node:
    __slots__ = ("literals", "param", "rest", "routes")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.param: _Node | None = None
        self.routes: dict[str, tuple[Route, list[str]]] = {}
        self.rest: dict[str, tuple[Route, list[str]]] = {}


class Router:
    """Finds the route of a request; a tree over path segments, so the cost does not grow with the number of routes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        self._extensions: dict[str, list[tuple[re.Pattern[str], Route]]] = {}
        self.routes: list[Route] = []
        for route in routes:
            self.add(route)

    def add(self, route: Route) -> None:
        """Adds one route. Raises: ValueError: when another has the same method and path."""
        self.routes.append(route)
        if route.path.startswith("/{scope:path}/"):
            self._add_extension(route)
            return
        node, names = self._root, list[str]()
        segments = route.path.strip("/").split("/") if route.path.strip("/") else []
        for index, segment in enumerate(segments):
            if segment.startswith("{") and segment.endswith(":path}"):
                if index != len(segments) - 1:
                    raise ValueError(f"{route.path}: a {{x:path}} parameter must come last")
                names.append(segment[1:-6])
                self._place(node.rest, route, names)
                return
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.param = node.param or _Node()
                node = node.param
            else:
                node = node.literals.setdefault(segment.lower(), _Node())
        self._place(node.routes, route, names)

    @staticmethod
    def _place(table: dict[str, tuple[Route, list[str]]], route: Route, names: list[str]) -> None:
        if route.method in table:
            raise ValueError(f"{route.method} {route.path}: declared twice")
        table[route.method] = (route, names)

    def _add_extension(self, route: Route) -> None:
        tail = route.path[len("/{scope:path}") :]
        marker = "/".join(tail.split("/")[:3]).lower()
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(tail))
        compiled = re.compile(rf"^(?P<scope>.*){pattern}/?$", re.IGNORECASE)
        self._extensions.setdefault(marker, []).append((compiled, route))

    def find(self, method: str, raw_path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its parameters, or None when nothing is declared for this method and path."""
        lowered = raw_path.lower()
        for marker, entries in self._extensions.items():
            if marker in lowered:
                for pattern, route in entries:
                    if route.method == method and (match := pattern.match(raw_path)):
                        return route, {key: unquote(value) for key, value in match.groupdict().items()}
        segments = raw_path.strip("/").split("/") if raw_path.strip("/") else []
        found = self._walk(self._root, segments, 0, [], method)
        if found is None:
            return None
        route, names, values = found
        return route, {name: unquote(value) for name, value in zip(names, values, strict=True)}

    def _walk(
        self, node: _Node, segments: list[str], index: int, values: list[str], method: str
    ) -> tuple[Route, list[str], list[str]] | None:
        if index == len(segments):
            entry = node.routes.get(method)
            return (*entry, values) if entry else None
        segment = segments[index]
        literal = node.literals.get(segment.lower())
        if literal is not None:
            found = self._walk(literal, segments, index + 1, values, method)
            # The first segment decides between services: "/subscriptions/..." never falls through to a blob container.
            if found is not None or index == 0:
                return found
        if node.param is not None:
            found = self._walk(node.param, segments, index + 1, [*values, segment], method)
            if found is not None:
                return found
        if entry := node.rest.get(method):
            return (*entry, [*values, "/".join(segments[index:])])
        return None
