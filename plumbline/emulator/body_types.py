"""The types of requests' members, as Azure's own packages declare them: a body is read by them before any handler sees it.

Azure's services read a body into typed objects: a number where text is declared becomes text, a list where an object is
declared is refused. `body_types.json` has the types (written by tests/conformance/generated/emulator_types.py); members
that it does not know pass as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from plumbline.emulator.errors import AzureError

_TABLE = Path(__file__).with_name("body_types.json")
# What ARM's own envelope of a resource declares, whoever provides it.
_ANY_OBJECT = {"mapping": "anything"}
_ENVELOPE = {
    "Any": {"fields": {}},
    "Resource": {
        "fields": {"properties": _ANY_OBJECT, "identity": _ANY_OBJECT, "location": "text", "kind": "text"},
    },
}
_REGION = "/mferp/managementfrontend"  # a registry's region serves ARM's own paths


class _Unreadable(Exception):
    """A value that its declared type cannot take."""


class BodyTypes:
    """Reads bodies by the declared types of their operation."""

    def read(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A body with its scalars in their declared types; read as ARM's envelope when its provider's types are not known.

        Args:
            path: The route's path, with its parameters.
        Raises: AzureError: 400 InvalidRequestContent, naming the member and its type.
        """
        models, name = self._operations.get(f"{method} {_anonymous(path)}") or _unknown(method, path)
        read = _object({key: value for key, value in body.items() if key != "tags"}, models, name, "")
        assert isinstance(read, dict)
        # ARM itself looks at a resource's tags, and refuses them in its own words.
        return {**read, "tags": body["tags"]} if "tags" in body else read

    @cached_property
    def _operations(self) -> dict[str, tuple[Mapping[str, Any], str]]:
        sources = json.loads(_TABLE.read_text(encoding="utf-8"))
        return {
            operation: (part["models"], name)
            for part in sources.values()
            for operation, name in part["operations"].items()
        }


def _unknown(method: str, path: str) -> tuple[Mapping[str, Any], str]:
    return _ENVELOPE, "Resource" if method in {"PUT", "PATCH"} and "/providers/" in path else "Any"


def _anonymous(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path).lower().removeprefix(_REGION).rstrip("/")


def _object(value: Any, models: Mapping[str, Any], name: str, path: str) -> Any:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _refused(value, name, path)
    row = models[name]
    if by := row.get("by"):
        chosen = row["subtypes"].get(value.get(by)) if isinstance(value.get(by), str) else None
        if chosen is not None and chosen != name:
            return _object(value, models, chosen, path)
    fields = row["fields"]
    return {
        key: _value(member, fields[key], models, f"{path}.{key}" if path else key)
        if key in fields
        else member
        for key, member in value.items()
    }


def _value(value: Any, kind: Any, models: Mapping[str, Any], path: str) -> Any:
    if value is None or kind == "anything":
        return value
    if isinstance(kind, str):
        try:
            return _SCALARS[kind](value)
        except _Unreadable as error:
            raise _refused(value, kind, path) from error
    if "object" in kind:
        return _object(value, models, kind["object"], path)
    if "list" in kind:
        if not isinstance(value, list):
            raise _refused(value, "list", path)
        return [_value(item, kind["list"], models, f"{path}[{index}]") for index, item in enumerate(value)]
    if not isinstance(value, dict):
        raise _refused(value, "object", path)
    return {key: _value(item, kind["mapping"], models, f"{path}.{key}") for key, item in value.items()}


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise _Unreadable
    if isinstance(value, bool):
        return str(value)  # "True", as recorded of is_deterministic
    return value if isinstance(value, str) else json.dumps(value)


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,18}", value):
        return int(value)
    raise _Unreadable


def _number(value: Any) -> float | int:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,18})?", value):
        return float(value)
    raise _Unreadable


def _boolean(value: Any) -> bool:
    if isinstance(value, bool | int):
        return bool(value)
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise _Unreadable


_SCALARS = {"text": _text, "integer": _integer, "number": _number, "boolean": _boolean}


def _refused(value: Any, kind: str, path: str) -> AzureError:
    shown = json.dumps(value)[:100]
    return AzureError(
        400,
        "InvalidRequestContent",
        "The request content was invalid and could not be deserialized: "
        f"'Error converting value {shown} to type {kind}. Path '{path}'.'.",
        target=path or None,
    )
