"""Whether what a step is given, and what its command names, fits what its component declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.job_fields import text_of
from plumbline.emulator.executor.step_plan import LITERAL_TYPES, Literal, Produced, Source, Uri


def input_problems(declared: Mapping[str, Any], source: Source) -> Iterator[str]:
    """Yield what is wrong; nothing for an input that is not set.

    Args:
        declared: the component's declaration: type, min, max, enum.
    """
    kind = str(declared.get("type", "string")).lower()
    if kind in LITERAL_TYPES and (
        isinstance(source, Uri) or (isinstance(source, Produced) and source.type not in LITERAL_TYPES)
    ):
        yield f"got data, expected a literal of type {kind}"
    if isinstance(source, Literal):
        if kind in LITERAL_TYPES:
            yield from literal_problems(declared, kind, source.value)
        else:
            yield f"got the literal '{source.value}', expected data of type {kind}"


def command_problems(command: str, inputs: set[str], outputs: set[str]) -> Iterator[str]:
    """Yield each input or output that a command names and nobody declared."""
    for kind, *rest in binding.expressions(command):
        name = ".".join(rest)
        if kind == "inputs" and name not in inputs and (not rest or rest[0] not in inputs):
            yield f"refers to an input '{name}' that is not declared"
        if kind == "outputs" and (not rest or rest[0] not in outputs):
            yield f"refers to an output '{name}' that is not declared"


def literal_problems(declared: Mapping[str, Any], kind: str, value: str) -> Iterator[str]:
    """Yield why a value does not fit its declared type.

    An integer input takes any number: Azure's own clients send 10.01 to one, and it is taken.
    """
    if kind == "boolean" and value.lower() not in {"true", "false"}:
        yield f"got '{value}', expected a boolean"
    if kind in {"integer", "number"}:
        try:
            number = float(value)
        except ValueError:
            yield f"got '{value}', expected a value of type {kind}"
            return
        low, high = declared.get("min"), declared.get("max")
        if (low is not None and number < float(low)) or (high is not None and number > float(high)):
            yield f"got {value}, expected a value from {low} to {high}"
    allowed = declared.get("enum")
    if allowed and value not in [text_of(one) for one in allowed]:
        yield f"got '{value}', expected one of {', '.join(text_of(one) for one in allowed)}"
