"""What the program asks for now, joined to what drifted: the code may have moved on since the last update. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from plumbline.ops.drift.finding import WHOLE, Finding
from plumbline.ops.drift.refresh_plan import split_path, value_at


def with_program(findings: list[Finding], plan: Mapping[str, Any]) -> list[Finding]:
    """The findings with what the program asks for now; what is live already as it asks is none.

    Args:
        plan: `pulumi preview --json` against the state; a resource that it does not name is as the state has it.
    """
    asked = {
        str(step["urn"]): (step.get("newState") or {}).get("inputs") or {}
        for step in plan.get("steps", ())
        if step["op"] in {"update", "replace", "create-replacement"}
    }
    found = []
    for one in findings:
        if one.field == WHOLE or one.urn not in asked:
            found.append(one)
            continue
        desired = _wished(asked[one.urn], one.field)
        if desired != one.live:
            found.append(replace(one, desired=desired))
    return found


def _wished(inputs: Mapping[str, Any], field: str) -> Any:
    keys = split_path(field)
    value = value_at(inputs, keys)
    if value is None and isinstance(inputs.get("spec"), str):
        # Fields of a definition are named without the text that they travel in.
        value = value_at(json.loads(inputs["spec"]), keys)
    return value
