"""JSON as clients send it: read strictly, so that no later step meets what it cannot store, walk or answer."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

# Deeper than anything that Azure's own clients send, and far from what Python's own recursion bears.
DEEPEST = 100
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def loads(text: bytes) -> Any:
    """The value of a JSON text in UTF-8.

    Raises: ValueError: it is none, goes deeper than DEEPEST, holds NaN or Infinity (which are no JSON), or half of a
        surrogate pair (which is no text).
    """
    try:
        value = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError(f"it goes deeper than {DEEPEST} levels") from None
    if text.count(b"[") + text.count(b"{") > DEEPEST and _is_deep(value):
        raise ValueError(f"it goes deeper than {DEEPEST} levels")
    if _SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True
