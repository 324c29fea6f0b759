"""Whether what an input is given fits what its component declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from plumbline.emulator.executor.job_fields import text_of
from plumbline.emulator.executor.step_plan import LITERAL_TYPES, Literal, Produced, Source, Uri


def input_problems(declared: Mapping[str, Any], source: Source) -> Iterator[str]:
    """Yield what is wrong; nothing for an input that is not set.

    Args:
        declared: the component's declaration: type, min, max, enum.
    """
    kind = str(declared.get("type", "string")).lower()
    if isinstance(source, Uri | Produced) and kind in LITERAL_TYPES:
        yield f"got data, expected a literal of type {kind}"
    if isinstance(source, Literal):
        if kind in LITERAL_TYPES:
            yield from _literal_problems(declared, kind, source.value)
        else:
            yield f"got the literal '{source.value}', expected data of type {kind}"


def _literal_problems(declared: Mapping[str, Any], kind: str, value: str) -> Iterator[str]:
    if kind == "boolean" and value.lower() not in {"true", "false"}:
        yield f"got '{value}', expected a boolean"
    if kind in {"integer", "number"}:
        try:
            number = int(value) if kind == "integer" else float(value)
        except ValueError:
            yield f"got '{value}', expected a value of type {kind}"
            return
        low, high = declared.get("min"), declared.get("max")
        if (low is not None and number < float(low)) or (high is not None and number > float(high)):
            yield f"got {value}, expected a value from {low} to {high}"
    allowed = declared.get("enum")
    if allowed and value not in [text_of(one) for one in allowed]:
        yield f"got '{value}', expected one of {', '.join(text_of(one) for one in allowed)}"
