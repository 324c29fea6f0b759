"""How Azure's answers vary where its clients must not care: applied to replies when noise is on.

Which noises there are, and on what evidence, is in noises.yaml. A service adds one with ``@noise("id")`` on a function
that takes the call and the reply's JSON and answers the JSON to send, and a row in that table.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from plumbline.emulator.routing import NO_BODY, Call, Reply

Disturbance = Callable[[Call, Any], Any]
_TABLE = Path(__file__).with_name("noises.yaml")
_registered: dict[str, Disturbance] = {}


def noise(identifier: str) -> Callable[[Disturbance], Disturbance]:
    """Registers what a row of noises.yaml does to an answer."""

    def register(function: Disturbance) -> Disturbance:
        _registered[identifier] = function
        return function

    return register


class Noises:
    """The noises in force."""

    def __init__(self, *, enabled: bool, seed: str) -> None:
        self.table: dict[str, dict[str, Any]] = {
            row["id"]: row
            for row in yaml.load(_TABLE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["noises"]
        }
        self.seed = seed
        self.enabled = enabled
        self.only: frozenset[str] | None = None
        self.unread_writes: set[str] = set()
        # Principal and container -> when a late role was asked for first, and how old it was then, in seconds.
        self.first_asked: dict[tuple[str, str], tuple[float, float]] = {}

    def has(self, identifier: str) -> bool:
        """Whether one noise is on; for those that a handler makes itself (long operations, late reads).

        A row that says ``opt_in`` is on only when it is named: it changes what succeeds, not only how it is answered.
        """
        if not self.enabled:
            return False
        if self.only is not None:
            return identifier in self.only
        return not self.table.get(identifier, {}).get("opt_in", False)

    def disturb(self, call: Call, reply: Reply) -> Reply:
        """The reply as it is sent."""
        if not self.enabled or reply.json is NO_BODY or call.route.audience == "none":
            return reply
        content = copy.deepcopy(reply.json)
        for identifier, function in _registered.items():
            if self.has(identifier):
                content = function(call, content)
        reply.json = content
        return reply
