"""A question in the query language of Azure Resource Graph: the operators of a question about changes, no others.

Source: learn, "Understanding the Azure Resource Graph query language" (a subset of KQL); the questions of "Get resource changes".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from plumbline.emulator.errors import AzureError

Row = dict[str, Any]
_PATH = re.compile(r"[A-Za-z]\w*(?:\.\w+)*")
_CALL = re.compile(r"(tostring|todatetime)\((.+)\)")
_AMONG = re.compile(r"(.+?)\s+in~\s*\((.+)\)", re.DOTALL)
_SINCE = re.compile(r"(.+?)\s*>\s*ago\((\d+)([dhm])\)")
_ORDER = re.compile(r"(\w+)\s+(asc|desc)")
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@dataclass(frozen=True, kw_only=True)
class Question:
    """A table and the steps that its rows go through, in their order."""

    table: str
    steps: tuple[str, ...]


def read(text: str) -> Question:
    """The question that a text asks."""
    table, *steps = _split(text, "|")
    return Question(table=table.lower(), steps=tuple(steps))


def answer(question: Question, rows: Iterable[Row]) -> list[Row]:
    """Rows of the question's table, filtered and formed. Raises: AzureError: 501 for what is not modelled, by its name."""
    found = [dict(row) for row in rows]
    for step in question.steps:
        operator, _, rest = step.partition(" ")
        rest = rest.strip()
        if operator == "where":
            found = [row for row in found if _holds(rest, row)]
        elif operator == "extend":
            found = [row | _columns(rest, row) for row in found]
        elif operator == "project":
            found = [_columns(rest, row) for row in found]
        elif operator == "order" and (match := _ORDER.fullmatch(rest.removeprefix("by").strip())):
            column, descending = match[1], match[2] == "desc"
            found.sort(key=lambda row: row[column], reverse=descending)
        else:
            raise not_modelled(step)
    return found


def not_modelled(what: str) -> AzureError:
    """A refusal that names what the emulator does not know."""
    return AzureError(501, "NotImplemented", f"The emulator does not model this part of a query: {what!r}.")


def _holds(condition: str, row: Mapping[str, Any]) -> bool:
    if match := _AMONG.fullmatch(condition):
        values = {_plain(text).lower() for text in _TEXT.findall(match[2])}
        return str(_value(match[1], row)).lower() in values
    if match := _SINCE.fullmatch(condition):
        when = _value(match[1], row)
        if not isinstance(when, datetime):
            raise not_modelled(condition)
        return when > datetime.now(UTC) - timedelta(**{_UNITS[match[3]]: int(match[2])})
    raise not_modelled(condition)


def _columns(text: str, row: Mapping[str, Any]) -> Row:
    found = {}
    for part in _split(text, ","):
        name, equals, expression = part.partition("=")
        if not re.fullmatch(r"\w+", name.strip()):
            raise not_modelled(part)
        found[name.strip()] = _value(expression.strip() if equals else name.strip(), row)
    return found


def _value(expression: str, row: Mapping[str, Any]) -> Any:
    if match := _CALL.fullmatch(expression):
        inner = _value(match[2], row)
        if match[1] == "tostring":
            return "" if inner is None else str(inner)
        return None if inner is None else datetime.fromisoformat(str(inner))
    if not _PATH.fullmatch(expression) or expression.startswith("properties.changes"):
        raise not_modelled(expression)
    value: Any = row
    for name in expression.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _split(text: str, mark: str) -> list[str]:
    """Parts between marks that stand neither in a text nor in brackets."""
    parts, depth, quoted, start = [], 0, False, 0
    for index, letter in enumerate(text):
        if letter == "'" and text[index - 1 : index] != "\\":
            quoted = not quoted
        elif not quoted and letter in "()":
            depth += 1 if letter == "(" else -1
        elif not quoted and depth == 0 and letter == mark:
            parts.append(text[start:index].strip())
            start = index + 1
    return [*parts, text[start:].strip()]


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
