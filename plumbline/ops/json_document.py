"""JSON that a step or somebody else wrote: what every reader of it takes for the same, or nothing."""

from __future__ import annotations

import json
from typing import Any


def read_json(content: bytes | str) -> Any:
    """The document.

    Raises: ValueError: it is no JSON, nests too deep to be read, or has a name twice: a person reads the first of the two
        and a program the last.
    """
    try:
        return json.loads(content, object_pairs_hook=_each_once)
    except RecursionError:
        raise ValueError("got values nested too deep to be read, expected a few levels") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"got {twice!r} a second time, expected each name once"
        raise ValueError(message)
    return found
