"""What Azure ML makes of a component's specification, as recorded; asset_forms.yaml says of which components."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_LITERALS = frozenset({"string", "number", "integer", "boolean"})
_COMPUTE_OF_INPUT = re.compile(r"\$\{\{\s*parent\.inputs\.([\w.]+)\s*\}\}$")


def scalars_as_text(value: Any) -> Any:
    """Every number and boolean as text: 1 as "1", true as "True"."""
    if isinstance(value, Mapping):
        return {key: scalars_as_text(member) for key, member in value.items()}
    if isinstance(value, list):
        return [scalars_as_text(item) for item in value]
    return str(value) if isinstance(value, bool | int | float) else value


def data_inputs_first(inputs: Any) -> Any:
    """Inputs of data before literals; each group in the order in which it was sent."""
    if not isinstance(inputs, Mapping):
        return inputs
    literals = {name for name, definition in inputs.items() if _type_of(definition) in _LITERALS}
    ordered = sorted(inputs, key=lambda name: name in literals)
    return {name: inputs[name] for name in ordered}


def plain_compute_defaults(spec: Any) -> Any:
    """An input that a step's compute is bound to: its default loses the prefix azureml:."""
    if not isinstance(spec, Mapping):
        return spec
    bound = set()
    for step in (spec.get("jobs") or {}).values():
        compute = step.get("computeId") if isinstance(step, Mapping) else None
        if isinstance(compute, str) and (match := _COMPUTE_OF_INPUT.match(compute)):
            bound.add(match[1])
    inputs = dict(spec.get("inputs") or {})
    for name in bound & inputs.keys():
        default = inputs[name].get("default") if isinstance(inputs[name], Mapping) else None
        if isinstance(default, str) and default.startswith("azureml:"):
            inputs[name] = {**inputs[name], "default": default.removeprefix("azureml:")}
    return {**spec, "inputs": inputs} if bound else spec


def _type_of(definition: Any) -> str:
    return str(definition.get("type", "")).lower() if isinstance(definition, Mapping) else ""
