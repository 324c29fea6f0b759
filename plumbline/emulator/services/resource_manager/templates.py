"""ARM template expressions: the part of the language that templates of Azure's own clients use."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from itertools import chain
from typing import Any

from plumbline.emulator.errors import bad_request

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>[A-Za-z_]\w*)|(?P<mark>[(),.\[\]]))"
)


class Template:
    """One deployment's template with the values that its expressions may read.

    Args:
        parameters: Given values; the template's defaults fill the rest.
        subscription: What subscription() answers; group: what resourceGroup() answers.
    Raises: AzureError: 400 InvalidTemplate, for an expression outside the language.
    """

    def __init__(
        self,
        template: dict[str, Any],
        parameters: dict[str, Any],
        *,
        subscription: dict[str, Any],
        group: dict[str, Any],
    ) -> None:
        self._variables: dict[str, Any] = template.get("variables") or {}
        self._subscription, self._group = subscription, group
        self._given = {name: item.get("value") for name, item in parameters.items()}
        self._defaults = {
            name: item["defaultValue"]
            for name, item in (template.get("parameters") or {}).items()
            if "defaultValue" in item
        }
        self._declared = {name.lower(): name for name in template.get("parameters") or {}}

    def evaluate(self, value: Any) -> Any:
        """A template value with its expressions worked out, at any depth."""
        if isinstance(value, dict):
            return {key: self.evaluate(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.evaluate(inner) for inner in value]
        if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
            return value[1:] if value.startswith("[[") else self._expression(value[1:-1])
        return value

    def _expression(self, text: str) -> Any:
        try:
            found, rest = self._term(_tokens(text))
        except (
            IndexError,
            KeyError,
            TypeError,
            ValueError,
        ) as error:  # cut off, unknown member, wrong arguments
            raise _invalid(text) from error
        if rest:
            raise _invalid(text)
        return found

    def _term(self, tokens: list[tuple[str, str]]) -> tuple[Any, list[tuple[str, str]]]:
        if not tokens:
            raise _invalid("")
        (kind, text), tokens = tokens[0], tokens[1:]
        if kind == "text":
            found: Any = text[1:-1].replace("''", "'")
        elif kind == "number":
            found = int(text)
        elif kind == "name" and tokens and tokens[0][1] == "(":
            found, tokens = self._function(text, tokens[1:])
        else:
            raise _invalid(text)
        while tokens and tokens[0][1] == ".":
            found, tokens = found[tokens[1][1]], tokens[2:]
        while tokens and tokens[0][1] == "[":
            key, tokens = self._term(tokens[1:])
            found, tokens = found[key], tokens[1:]
        return found, tokens

    def _function(self, name: str, tokens: list[tuple[str, str]]) -> tuple[Any, list[tuple[str, str]]]:
        # "if" works out the chosen branch only: the other may refer to what does not exist.
        starts, arguments = tokens, list[Any]()
        while starts[0][1] != ")":
            lazy = name.lower() == "if" and arguments and bool(arguments[0]) != (len(arguments) == 1)
            if lazy:
                value, starts = None, _skip(starts)
            else:
                value, starts = self._term(starts)
            arguments.append(value)
            if starts[0][1] == ",":
                starts = starts[1:]
        function = self._functions().get(name.lower())
        if function is None:
            raise _invalid(name)
        return function(*arguments), starts[1:]

    def _functions(self) -> dict[str, Callable[..., Any]]:
        return {
            "parameters": self._parameter,
            "variables": lambda name: self.evaluate(self._variables[name]),
            "subscription": lambda: self._subscription,
            "resourcegroup": lambda: self._group,
            "resourceid": self._resource_id,
            "subscriptionresourceid": lambda kind, *names: (
                self._subscription["id"] + _provider_path(kind, names)
            ),
            "concat": lambda *parts: (
                list(chain(*parts)) if isinstance(parts[0], list) else "".join(map(str, parts))
            ),
            "if": lambda condition, yes, no: yes if condition else no,
            "and": lambda *parts: all(parts),
            "or": lambda *parts: any(parts),
            "not": lambda part: not part,
            "equals": lambda one, other: one == other,
            "empty": lambda value: not value,
            "json": json.loads,
            "array": lambda value: value if isinstance(value, list) else [value],
            "tolower": str.lower,
            "newguid": lambda: str(uuid.uuid4()),
            "guid": lambda *parts: str(uuid.uuid5(uuid.NAMESPACE_OID, "-".join(map(str, parts)))),
            "uniquestring": lambda *parts: uuid.uuid5(uuid.NAMESPACE_OID, "-".join(map(str, parts))).hex[:13],
        }

    def _parameter(self, name: str) -> Any:
        name = self._declared.get(name.lower(), name)
        if name in self._given:
            return self._given[name]
        if name in self._defaults:
            return self.evaluate(self._defaults[name])
        raise bad_request("InvalidTemplate", f"The template parameter '{name}' has no value and no default.")

    def _resource_id(self, *parts: str) -> str:
        at = next((index for index, part in enumerate(parts) if "/" in part), 0)
        scope = parts[:at]
        subscription = scope[0] if len(scope) == 2 else self._subscription["subscriptionId"]
        group = scope[-1] if scope else self._group["name"]
        return f"/subscriptions/{subscription}/resourceGroups/{group}" + _provider_path(
            parts[at], parts[at + 1 :]
        )


def _provider_path(kind: str, names: tuple[str, ...]) -> str:
    namespace, *segments = kind.split("/")
    pairs = "/".join(f"{segment}/{name}" for segment, name in zip(segments, names, strict=True))
    return f"/providers/{namespace}/{pairs}"


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _invalid(text)
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


def _skip(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    depth = 0
    for index, (_, text) in enumerate(tokens):
        if depth == 0 and text in (",", ")"):
            return tokens[index:]
        depth += {"(": 1, ")": -1}.get(text, 0)
    raise _invalid("unbalanced parentheses")


def _invalid(text: str) -> Exception:
    return bad_request(
        "InvalidTemplate", f"Deployment template language expression '{text}' cannot be evaluated."
    )
