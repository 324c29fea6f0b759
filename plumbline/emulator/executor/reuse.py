"""When two steps are the same: the key over everything that decides a deterministic step's results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from plumbline.emulator.executor.step_plan import StepPlan
from plumbline.emulator.executor.storage import Tree

_SCHEME = 1


def reuse_key(
    plan: StepPlan, *, code: Tree | None, environment_digest: str, inputs: Mapping[str, str | Tree | None]
) -> str:
    """Return 64 hex over command, code, environment, inputs by content, parameters and outputs.

    Neither component ids nor versions are in it: equal content under another name is equal.

    Args:
        inputs: Text of a literal (or of data given as an address), content of data, None for one that is not set.
    """
    content = {
        "scheme": _SCHEME,
        "command": plan.command,
        "code": code.digest if code else "",
        "environment": environment_digest,
        "inputs": {name: [plan.input_types.get(name, ""), _shown(value)] for name, value in inputs.items()},
        "outputs": {name: [one.type, one.mode, one.uri] for name, one in plan.outputs.items()},
        "variables": plan.environment_variables,
        "distribution": plan.distribution,
        "nodes": plan.instance_count,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _shown(value: str | Tree | None) -> list[str] | None:
    if value is None:
        return None
    return (
        ["text", value]
        if isinstance(value, str)
        else ["data", value.digest, "file" if value.single else "folder"]
    )
