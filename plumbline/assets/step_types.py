"""Types of what inline steps take and give: their values and bindings tell, as they do for azure-ai-ml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_ALONE = re.compile(r"^\s*\$\{\{\s*(.*?)\s*\}\}\s*$")
_LITERALS = {bool: "boolean", int: "integer", float: "number"}
_FOLDER = "uri_folder"


class StepTypes:
    """Types of inputs and outputs of the steps of one job or pipeline component.

    Args:
        parent: The job or component: its inputs and outputs.
        steps: Steps as the file has them.
        outputs: Declared outputs of steps whose component is in the set.
    Source: azure-ai-ml 1.35.2, ``ComponentTranslatableMixin``.
    """

    def __init__(
        self, *, parent: Any, steps: Mapping[str, Any], outputs: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self._parent = parent if isinstance(parent, Mapping) else {}
        self._steps = steps
        self._outputs = outputs

    def inputs_of(self, step: str) -> dict[str, dict[str, Any]]:
        """Declarations of a step's inputs; `derived` says that no person wrote them."""
        given = self._steps[step].get("inputs")
        found = {name: {**self._input(value), "derived": True} for name, value in _rows(given).items()}
        for name, value in _rows(self._steps[step].get("search_space")).items():
            found[name] = _searched(value)
        return found

    def outputs_of(self, step: str) -> dict[str, dict[str, Any]]:
        """Declarations of a step's outputs."""
        given = self._steps[step].get("outputs")
        return {name: {"type": self._output(value)} for name, value in _rows(given).items()}

    def _input(self, value: Any) -> dict[str, Any]:
        if isinstance(value, Mapping):
            text = value.get("path")
            bound = self._bound(text) if isinstance(text, str) and not value.get("type") else None
            return {"type": str(value.get("type") or bound or _FOLDER).lower()}
        if isinstance(value, str):
            return {"type": self._bound(value) or "string"}
        return {"type": _LITERALS.get(type(value), "string")}

    def _output(self, value: Any) -> str:
        if isinstance(value, Mapping):
            return str(value.get("type") or _FOLDER).lower()
        return (self._bound(value) if isinstance(value, str) else None) or _FOLDER

    def _bound(self, text: str) -> str | None:
        """The type of what a binding names; None of other text."""
        found = _ALONE.match(text)
        words = found.group(1).split(".") if found else []
        if len(words) == 3 and words[:2] in (["parent", "inputs"], ["parent", "outputs"]):
            return _type_of(_rows(self._parent.get(words[1])).get(words[2]))
        if len(words) == 5 and words[:2] == ["parent", "jobs"] and words[3] == "outputs":
            return self._given(words[2], words[4])
        return None

    def _given(self, step: str, output: str) -> str:
        if step in self._outputs:
            row = self._outputs[step].get(output)
            return str(row.get("type") or _FOLDER).lower() if isinstance(row, Mapping) else _FOLDER
        node = self._steps.get(step)
        return self._output(_rows(node.get("outputs")).get(output)) if isinstance(node, Mapping) else _FOLDER


def _searched(value: Any) -> dict[str, Any]:
    """The type of an input that a sweep chooses. Source: as above, `_to_input`."""
    row = _rows(value)
    kind = str(row.get("type", "")).lower()
    if kind == "choice":
        values = row.get("values")
        return {"type": _type_of(values[0]) if isinstance(values, list) and values else "string"}
    return {"type": "integer" if kind == "randint" else "number"}


def _type_of(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("type") or _FOLDER).lower()
    return _LITERALS.get(type(value), "string" if isinstance(value, str) else _FOLDER)


def _rows(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
