"""The noises of every answer: order of members, systemData that comes late."""

from __future__ import annotations

import random
from typing import Any

from plumbline.emulator.noise import noise
from plumbline.emulator.routing import Call


def _of_machine_learning(call: Call) -> bool:
    return "/providers/microsoft.machinelearningservices/" in call.path.lower()


@noise("key_order")
def shuffle_members(call: Call, content: Any) -> Any:
    """Members in another order; the same one for the same path, so that a failure repeats."""
    return _shuffled(content, random.Random(f"{call.emulator.noises.seed}{call.path.lower()}"))  # noqa: S311  no secret: it must repeat


def _shuffled(value: Any, generator: random.Random) -> Any:
    if isinstance(value, dict):
        members = list(value.items())
        generator.shuffle(members)
        return {key: _shuffled(inner, generator) for key, inner in members}
    if isinstance(value, list):
        return [_shuffled(inner, generator) for inner in value]
    return value


@noise("late_system_data")
def withhold_system_data(call: Call, content: Any) -> Any:
    """Leaves systemData out of a write's answer and of the first read after it; Azure ML's was recorded, so it stays."""
    if _of_machine_learning(call):
        return content
    key, unread = call.path.rstrip("/").lower(), call.emulator.noises.unread_writes
    if call.method in ("PUT", "PATCH"):
        unread.add(key)
    elif call.method != "GET" or key not in unread:
        return content
    else:
        unread.discard(key)
    if isinstance(content, dict):
        content.pop("systemData", None)
    return content
