"""Nested types of the SDK: reads the type expressions of schema.json (see generate.py for their form)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.azure_native_plugin.values import UNKNOWN


class NestedTypes:
    """Answers what a value's members are, and turns values from one form into another by their types."""

    def __init__(self, types: Mapping[str, Mapping[str, str]]) -> None:
        self._types = types

    def item(self, kind: str) -> str:
        """The type of a list's items."""
        return kind[1:-1] if kind.startswith("[") else "any"

    def members(self, kind: str, value: Mapping[str, Any]) -> Mapping[str, str]:
        """The members that a map's type declares; for a free map, its own keys."""
        if kind.startswith("{"):
            return dict.fromkeys(value, kind[1:-1])
        return self._declared(kind, value) or {}

    def _declared(self, kind: str, value: Mapping[str, Any]) -> Mapping[str, str] | None:
        options = [self._types[name[1:]] for name in kind.split("|") if name.startswith("#")]
        for option in options:
            constants = {key: text[1:] for key, text in option.items() if text.startswith("=")}
            if constants and all(
                str(value.get(key)).lower() == text.lower() for key, text in constants.items()
            ):
                return option
        plain = [option for option in options if not any(text.startswith("=") for text in option.values())]
        # Without a discriminator the option that knows most of the value's members is meant.
        return max(plain, key=lambda option: len(option.keys() & value.keys()), default=None)

    def coerce(self, value: Any, kind: str) -> Any:
        """A scalar in its declared type: services answer numbers and booleans as texts now and then."""
        if kind == "integer" and isinstance(value, str) and value.lstrip("-").isdigit():
            return int(value)
        if kind == "number" and isinstance(value, str):
            try:
                number = float(value)
            except ValueError:
                return value
            return int(number) if number.is_integer() else number
        if kind == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if kind == "string" and isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
        return value

    def project(self, value: Any, kind: str) -> Any:
        """An output value as the input that could have made it."""
        if kind == "set" and isinstance(value, Mapping):
            return sorted(value)
        if isinstance(value, list):
            return [self.project(item, self.item(kind)) for item in value]
        if not isinstance(value, Mapping) or kind == "any":
            return value
        members = self.members(kind, value)
        if not members:
            return value
        return {name: self.project(item, members[name]) for name, item in value.items() if name in members}

    def preview(self, value: Any, input_kind: str, output_kind: str) -> Any:
        """An input value as the output that it will be, unknown where the service adds or changes something."""
        if input_kind == "set":
            return UNKNOWN  # a list in inputs, a map with ids of the service in outputs
        if isinstance(value, list):
            kinds = self.item(input_kind), self.item(output_kind)
            return [self.preview(item, *kinds) for item in value]
        if not isinstance(value, Mapping):
            return value
        inputs, outputs = self.members(input_kind, value), self.members(output_kind, value)
        result = {
            name: self.preview(item, inputs.get(name, "any"), outputs.get(name, "any"))
            for name, item in value.items()
        }
        if output_kind.startswith("#"):
            result.update({name: UNKNOWN for name in outputs if name not in value})
        return result
