"""Misbehaviour on demand, for tests: delays, statuses, cut connections and sudden death, on the n-th matching request."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from plumbline.emulator.errors import bad_request

Send = Callable[[dict[str, Any]], Awaitable[None]]
_WORDS = ("close", "close-after", "kill", "kill-before-commit", "kill-after", "policy")
_DELAYS_END = 100
_POLICY = "/providers/Microsoft.Authorization/policyDefinitions/plumbline-fault"


@dataclass(kw_only=True)
class Fault:
    """One rule.

    Args:
        path: Regular expression, searched in the path, without regard to case.
        nth: First matching request that it befalls, from 1.
        count: How many requests from there on (-1: all).
        status: HTTP status to answer instead of doing the work; or "close" (connection cut before the work),
            "close-after" (work done, connection cut), "kill" (kill -9 before the work), "kill-before-commit" (work
            done, not committed), "kill-after" (committed, not answered), "policy" (refused as Azure Policy refuses a
            resource, in the words that users quote); None for a delay alone.
        one_of: Instead of `status` and `delay_seconds`: each time one of these at random, a number below 100 being
            a delay in seconds.
        rate: How many of the matching requests it befalls, 0 to 1, drawn with `seed`: the same requests in the same
            order meet the same faults.
        lose: Members of the request's JSON that the service never sees, dotted (`properties.description`; `*` is any
            name): what a client sent and a service did not keep.
    """

    path: str
    method: str = "*"
    nth: int = 1
    count: int = 1
    status: int | str | None = None
    delay_seconds: float = 0.0
    body: dict[str, Any] | None = None
    headers: dict[str, str] | None = None
    lose: tuple[str, ...] = ()
    one_of: tuple[int | float | str, ...] = ()
    rate: float = 1.0
    seed: int = 0
    seen: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        for word in (self.status, *self.one_of):
            if isinstance(word, str) and word not in _WORDS:
                raise bad_request(
                    "InvalidFault", f"status: got {word!r}, expected an HTTP status or one of {_WORDS}"
                )
        self._path = ""
        self._random = random.Random(self.seed)  # noqa: S311  no secret: it must repeat
        self._pattern = re.compile(self.path, re.IGNORECASE)

    def matched(self, method: str, path: str, *, of_storage: bool = False) -> Fault | None:
        """Counts a matching request; answers the fault that befalls this one, if one does."""
        if self.method not in ("*", method) or self._pattern.search(path) is None:
            return None
        self.seen += 1
        self._path = path
        if self.seen < self.nth or (self.count >= 0 and self.seen >= self.nth + self.count):
            return None
        if self.rate < 1.0 and self._random.random() >= self.rate:
            return None
        self.fired += 1
        return self._drawn(path, of_storage=of_storage) if self.one_of else self

    def _drawn(self, path: str, *, of_storage: bool) -> Fault:
        """One of the faults that it stands for."""
        word = self._random.choice(self.one_of)
        if word == 429 and of_storage:
            word = 503  # storage says "server busy" so; its clients wait for that only (Blob service error codes)
        delay = float(word) if isinstance(word, int | float) and word < _DELAYS_END else 0.0
        # Azure says with every 429 when to come again.
        headers = {"Retry-After": "1"} if word == 429 else None
        drawn = Fault(path=self.path, status=None if delay else word, delay_seconds=delay, headers=headers)  # type: ignore[arg-type]
        drawn._path = path
        return drawn

    @property
    def acts_before(self) -> bool:
        """It replaces the work."""
        return isinstance(self.status, int) or self.status in ("close", "kill", "policy")

    @property
    def kills_before_commit(self) -> bool:
        """The process dies with the work done and nothing committed."""
        return self.status == "kill-before-commit"

    @property
    def acts_after(self) -> bool:
        """The work is done and committed; the answer is lost."""
        return self.status in ("close-after", "kill-after")

    def received(self, body: bytes) -> bytes:
        """The request's body as the service sees it."""
        if not self.lose or not body:
            return body
        content = json.loads(body)
        for path in self.lose:
            _lose(content, path.split("."))
        return json.dumps(content).encode()

    async def act(self, send: Send) -> int:
        """Answers the status, or ends the connection or the process. Returns: the status answered."""
        status = 403 if self.status == "policy" else self.status
        if isinstance(status, int):
            error = (
                _by_policy(self._path)
                if self.status == "policy"
                else {"error": {"code": "InjectedFault", "message": f"Injected fault: {status}."}}
            )
            content = json.dumps(self.body if self.body is not None else error).encode()
            headers = {"content-type": "application/json", "content-length": str(len(content))} | (
                self.headers or {}
            )
            pairs = [(key.lower().encode(), value.encode()) for key, value in headers.items()]
            await send({"type": "http.response.start", "status": status, "headers": pairs})
            await send({"type": "http.response.body", "body": content})
            return status
        if self.status in ("kill", "kill-after"):
            Faults.kill()
        await _cut(send)
        return 0

    def shown(self) -> dict[str, Any]:
        """As the control endpoint tells it."""
        return {
            "method": self.method, "path": self.path, "nth": self.nth, "count": self.count, "status": self.status,
            "delay_seconds": self.delay_seconds, "lose": list(self.lose), "rate": self.rate, "seen": self.seen, "fired": self.fired,
        }  # fmt: skip


def _lose(content: Any, names: list[str]) -> None:
    if not isinstance(content, dict):
        return
    for name in list(content) if names[0] == "*" else [names[0]]:
        if len(names) == 1:
            content.pop(name, None)
        else:
            _lose(content.get(name), names[1:])


def _by_policy(path: str) -> dict[str, Any]:
    name = path.rstrip("/").rsplit("/", 1)[-1]
    identifiers = [{"policyAssignment": {"name": "plumbline-fault"}, "policyDefinition": {"id": _POLICY}}]
    return {
        "error": {
            "code": "RequestDisallowedByPolicy",
            "target": name,
            "message": f"Resource '{name}' was disallowed by policy. Policy identifiers: '{json.dumps(identifiers)}'.",
            "additionalInfo": [{"type": "PolicyViolation", "info": {"policyDefinitionId": _POLICY}}],
        }
    }


async def _cut(send: Send) -> None:
    # ASGI has no word for "hang up": the send that uvicorn passes is a method of its connection's cycle.
    send.__self__.transport.abort()  # type: ignore[attr-defined]
    # Uvicorn hears of the loss in a later turn of the loop; before that it would answer 500 in the application's name.
    while not send.__self__.disconnected:  # type: ignore[attr-defined]  # noqa: ASYNC110  uvicorn has no event for it
        await asyncio.sleep(0.001)


class Faults:
    """The rules in force and the delay added to every request."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self.delay_seconds = 0.0

    def take(self, method: str, path: str, *, of_storage: bool = False) -> Fault | None:
        """The first rule that befalls this request; every rule counts it."""
        struck = [
            found
            for rule in self.rules
            if (found := rule.matched(method, path, of_storage=of_storage)) is not None
        ]
        return struck[0] if struck else None

    async def wait(self, fault: Fault | None, path: str) -> None:
        """The delay of all requests plus that of the fault.

        Metadata is spared the first: azure-ai-ml reads it again and again, and nothing would be measured but that.
        """
        seconds = 0.0 if path.startswith("/metadata/") else self.delay_seconds
        seconds += fault.delay_seconds if fault is not None else 0.0
        if seconds > 0:
            await asyncio.sleep(seconds)

    @staticmethod
    def kill() -> NoReturn:
        """Ends this very process as kill -9 does."""
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")
