"""Plain values in the one type that their declaration gives them."""

from __future__ import annotations

import math
from typing import Any

PRIMITIVES = ("number", "integer", "string", "boolean")


class NotThatType(ValueError):
    """The value cannot be of the declared type."""


def typed(value: Any, type_name: str) -> Any:
    """A value of YAML or REST (which sends every scalar as text) in its declared type.

    ``number`` is always a float, so that 1 and 1.0 are one value.

    Raises: NotThatType: when it is none.
    """
    if type_name == "boolean":
        return _boolean(value)
    if type_name == "integer":
        return _integer(value)
    if type_name == "number":
        return _number(value)
    return literal_text(value)


def literal_text(value: Any) -> str:
    """A scalar as the wire carries it: ``True``, ``0.3``, ``5``, text as it is.

    Source: azure-ai-ml 1.35.2 turns literals into text by Python's ``str``; seen on the wire.
    """
    return value if isinstance(value, str) else str(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise NotThatType(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise NotThatType(value)
    if isinstance(value, int):
        return value
    try:
        if isinstance(value, float):
            if not value.is_integer():
                raise NotThatType(value)
            return int(value)
        return int(str(value).strip())
    except ValueError as error:
        raise NotThatType(value) from error


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise NotThatType(value)
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise NotThatType(value) from error
    if not math.isfinite(number):
        raise NotThatType(value)
    return number + 0.0
