"""Checks of a component's command: every name in it is declared, optional inputs stand in ``$[[ ]]``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from plumbline.assets.document import Document, FieldPath
from plumbline.assets.schema import suggestion

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_OPTIONAL = re.compile(r"\$\[\[.*?\]\]", re.DOTALL)
_NAMED = re.compile(r"^(inputs|outputs)\.([\w-]+(?:\.[\w-]+)*)$")


def check_command(document: Document, data: Mapping[str, Any]) -> None:
    """Check what a component runs (a command, the arguments of a task or of Spark) against its inputs and outputs."""
    declared = {side: _names(data.get(side)) for side in ("inputs", "outputs")}
    task = data.get("task")
    held = task if isinstance(task, Mapping) else {}
    for path, value in (
        (("input_data",), data.get("input_data")),
        (("args",), data.get("args")),
        (("task", "program_arguments"), held.get("program_arguments")),
        (("task", "append_row_to"), held.get("append_row_to")),
    ):
        if isinstance(value, str):
            _check_names(document, path, value, declared)
    command = data.get("command")
    if not isinstance(command, str):
        return
    _check_names(document, ("command",), command, declared)
    _check_optional(document, command, data.get("inputs"))
    if command.count("$[[") != len(_OPTIONAL.findall(command)):
        document.report(("command",), "a $[[ without its ]]", "both", "Close the bracket.")
    _warn_of_unused(document, command, data, declared)


def _check_names(document: Document, path: FieldPath, value: str, declared: Mapping[str, list[str]]) -> None:
    for text in _expressions(value):
        found = _NAMED.match(text)
        if found is None:
            document.report(path, f"${{{{{text}}}}}", "${{inputs.NAME}} or ${{outputs.NAME}}", near=text)
            continue
        side, name = found.groups()
        if name not in declared[side]:
            known = ", ".join(declared[side]) or "none is declared"
            step = suggestion(name, declared[side]) or f"Declare it under {side}, or correct the command."
            document.report(path, f"${{{{{text}}}}}", f"a declared one of {side} ({known})", step, near=text)


def _check_optional(document: Document, command: str, inputs: Any) -> None:
    outside = set(_expressions(_OPTIONAL.sub("", command)))
    for name, row in inputs.items() if isinstance(inputs, Mapping) else ():
        optional = isinstance(row, Mapping) and row.get("optional") is True
        if optional and f"inputs.{name}" in outside:
            document.report(
                ("command",),
                f"the optional input ${{{{inputs.{name}}}}} outside $[[ ]]",
                "it inside: the text between the brackets goes when the input is not set",
                f"Write $[[--{name} ${{{{inputs.{name}}}}}]].",
                near=f"inputs.{name}",
            )


def _warn_of_unused(
    document: Document, command: str, data: Mapping[str, Any], declared: Mapping[str, list[str]]
) -> None:
    others = json.dumps([data.get("resources"), data.get("distribution")], default=str)
    # The output called artifacts is the run's own folder: what a step leaves in ./outputs is in it.
    used = {*_expressions(command), *_expressions(others), "outputs.artifacts"}
    for side, names in declared.items():
        for name in names:
            if f"{side}.{name}" not in used:
                document.warn(
                    (side, name), "a declaration that the command never names", "it used", "Use or remove it."
                )


def _expressions(text: str) -> Iterator[str]:
    yield from (found.group(1) for found in _EXPRESSION.finditer(text))


def _names(rows: Any) -> list[str]:
    return [str(name) for name in rows] if isinstance(rows, Mapping) else []
