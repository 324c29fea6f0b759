"""Holds what came against what a row says: literals, matchers, and subsets of maps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

ABSENT = object()
"""Stands for a member that did not come."""


def differences(got: Any, wanted: Any, where: str = "body") -> list[str]:
    """Every place where ``got`` is not as the row says; empty when all is."""
    return list(_differences(got, wanted, where))


def _differences(got: Any, wanted: Any, where: str) -> Iterator[str]:
    if isinstance(wanted, str):
        yield from _text(got, wanted, where)
    elif isinstance(wanted, Mapping):
        yield from _map(got, wanted, where)
    elif isinstance(wanted, list):
        if not isinstance(got, list) or len(got) != len(wanted):
            yield f"{where}: got {_shown(got)}, expected a list of {len(wanted)}"
            return
        for index, (item, want) in enumerate(zip(got, wanted, strict=True)):
            yield from _differences(item, want, f"{where}[{index}]")
    elif got is ABSENT or got != wanted or type(got) is not type(wanted):
        yield f"{where}: got {_shown(got)}, expected {wanted!r}"


def _text(got: Any, wanted: str, where: str) -> Iterator[str]:
    word, _, rest = wanted.partition(" ")
    if wanted == "absent":
        right, expected = got is ABSENT, "nothing"
    elif wanted == "*":
        right, expected = got is not ABSENT and got is not None, "a value"
    elif wanted.startswith("~"):
        right, expected = (
            isinstance(got, str) and re.fullmatch(wanted[1:], got) is not None,
            f"text like {wanted[1:]}",
        )
    elif wanted.startswith("!"):
        right, expected = got is not ABSENT and got != wanted[1:], f"anything but {wanted[1:]!r}"
    elif word in {"after", "before"} and _time(rest) is not None:
        right, expected = _stands(got, word, rest), f"a time {wanted}"
    else:
        literal = wanted.removeprefix("=")
        right, expected = got == literal, repr(literal)
    if not right:
        yield f"{where}: got {_shown(got)}, expected {expected}"


def _map(got: Any, wanted: Mapping[str, Any], where: str) -> Iterator[str]:
    about_lists = wanted.keys() & {"$some", "$none", "$length", "$first", "$last"}
    if not isinstance(got, list if about_lists else Mapping):
        yield f"{where}: got {_shown(got)}, expected {'a list' if about_lists else 'an object'}"
        return
    for key, want in wanted.items():
        if key == "$only":
            yield from _differences(got, want, where)
            if extra := sorted(got.keys() - want.keys()):
                yield f"{where}: got {extra} besides, expected only {sorted(want)}"
        elif key == "$keys":
            if list(got) != want:
                yield f"{where}: got the members {list(got)}, expected {want} in this order"
        elif key == "$length":
            if len(got) != want:
                yield f"{where}: got {len(got)} items, expected {want}"
        elif key == "$first":
            yield from _differences(got[0] if got else ABSENT, want, f"{where}[0]")
        elif key == "$last":
            yield from _differences(got[-1] if got else ABSENT, want, f"{where}[-1]")
        elif key in {"$some", "$none"}:
            found = any(not differences(item, want) for item in got)
            if found != (key == "$some"):
                yield f"{where}: got {_shown(got)}, expected {'an' if key == '$some' else 'no'} item {want!r}"
        else:
            yield from _differences(got.get(key, ABSENT), want, f"{where}.{key}")


def _stands(got: Any, word: str, other: str) -> bool:
    mine, theirs = _time(got), _time(other)
    if mine is None or theirs is None:
        return False
    return mine > theirs if word == "after" else mine < theirs


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _shown(value: Any) -> str:
    return "nothing" if value is ABSENT else repr(value)[:600]
