"""ArmObject: a kind whose inputs are the fields of one object of Resource Manager, written and read as they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from plumbline.assets.kind import Kind
from plumbline.assets.references import normal_reference


@dataclass(frozen=True, kw_only=True)
class Field:
    """Where an input lies in the body, and how it is compared with what comes back.

    Attributes:
        path: Names from the body's root.
        form: `plain`: as it is. `texts`: a map whose values the wire carries as texts. `component`: a reference to a
            component, which the wire carries as a full id.
    """

    path: tuple[str, ...]
    form: Literal["plain", "texts", "component"] = "plain"

    def normal(self, value: Any) -> Any:
        """A value of a program or of a body in the one form that both have in common; None for one that says nothing."""
        if self.form == "texts":
            return {name: _text(one) for name, one in (value or {}).items() if one is not None}
        if self.form == "component" and value:
            return normal_reference(str(value))
        return value or None

    def says_the_same(self, one: Any, other: Any) -> bool:
        """Whether two values, of whichever side, stand for one."""
        return bool(self.normal(one) == self.normal(other))


@dataclass(frozen=True, kw_only=True)
class ArmObject(Kind):
    """Everything about such a kind.

    Attributes:
        fields: Input -> its place in the body.
        constants: Dotted path -> what is always sent.
        shown: Output -> dotted path of what Azure makes.
        below: What it lies in: the input that names that, and the collection between the two names.
    """

    lifecycle: Literal["content", "counted", "in_place", "object"] = "object"
    fields: Mapping[str, Field]
    constants: Mapping[str, Any] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)
    below: tuple[str, str] | None = None

    def name_below(self, inputs: Mapping[str, Any]) -> str:
        """Its name below the collection, with that of what it lies in."""
        if self.below is None:
            return str(inputs["name"])
        holder, collection = self.below
        return f"{inputs[holder]}/{collection}/{inputs['name']}"

    @property
    def import_form(self) -> str:
        """What `pulumi import` takes beside the full ARM id."""
        return (
            "NAME"
            if self.below is None
            else f"{self.below[0].removesuffix('Name').upper()}/{self.below[1]}/NAME"
        )

    def body(self, inputs: Mapping[str, Any], *, written: Callable[[Field, Any], Any]) -> dict[str, Any]:
        """The body that inputs stand for.

        Args:
            written: A value of a field as the wire carries it.
        """
        body: dict[str, Any] = {"properties": {}}
        for dotted, value in self.constants.items():
            put(body, tuple(dotted.split(".")), value)
        for name, row in self.fields.items():
            if inputs.get(name) is not None:
                put(body, row.path, written(row, inputs[name]))
        return body


def _text(value: Any) -> str:
    """A setting as the wire carries it. Rests on batch-deployment-settings-are-texts."""
    return value if isinstance(value, str) else json.dumps(value)


def put(body: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Write a value into a body, what holds it made on the way."""
    for name in path[:-1]:
        body = body.setdefault(name, {})
    body[path[-1]] = value


def at(body: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of a body, None where there is none."""
    for name in path:
        body = body.get(name) if isinstance(body, Mapping) else None
    return body
