"""The noises of every answer: order of members, case of ids, nulls, defaults, systemData that comes late."""

from __future__ import annotations

import random
import re
from typing import Any

from plumbline.emulator.noise import noise
from plumbline.emulator.routing import Call

_LOWER_GROUP = re.compile(
    r"/resourceGroups/([^/]+/providers/Microsoft\.(?:ManagedIdentity|OperationalInsights)/)", re.IGNORECASE
)
_INSIGHTS = re.compile(r"/providers/Microsoft\.Insights/components", re.IGNORECASE)


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


@noise("id_case")
def vary_case(call: Call, content: Any) -> Any:
    """Ids in the case that some providers answer, whatever the client wrote; Azure ML's stay as they are."""
    if not isinstance(content, dict) or "microsoft.machinelearningservices" in call.path.lower():
        return content
    for item in content["value"] if isinstance(content.get("value"), list) else [content]:
        if isinstance(item, dict) and isinstance(item.get("id"), str):
            item["id"] = _INSIGHTS.sub(
                "/providers/microsoft.insights/components",
                _LOWER_GROUP.sub(r"/resourcegroups/\1", item["id"]),
            )
            if item.get("type") == "Microsoft.Insights/components":
                item["type"] = "microsoft.insights/components"
    return content


@noise("dropped_nulls")
def drop_nulls(call: Call, content: Any) -> Any:
    """Members that are null are left out; Azure ML's explicit nulls were recorded, so they stay."""
    if _of_machine_learning(call):
        return content
    if isinstance(content, dict):
        return {key: drop_nulls(call, value) for key, value in content.items() if value is not None}
    if isinstance(content, list):
        return [drop_nulls(call, value) for value in content]
    return content


@noise("filled_defaults")
def fill_tags(call: Call, content: Any) -> Any:
    """A tracked ARM resource without tags answers an empty object."""
    if (
        isinstance(content, dict)
        and "location" in content
        and str(content.get("id", "")).startswith("/subscriptions/")
    ):
        content.setdefault("tags", {})
    return content


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
