"""What a value of an official model class looks like, for both kinds of generated client: typed models and msrest."""

from __future__ import annotations

import datetime as dt
import enum
import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "text", "number", "integer", "boolean", "time", "choice", "list", "mapping", "object", "anything"
]
_SCALARS: dict[Any, Kind] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    object: "anything",
}
_MSREST: dict[str, Kind] = {
    "str": "text", "int": "integer", "long": "integer", "float": "number", "bool": "boolean", "iso-8601": "time",
    "rfc-1123": "time", "duration": "text", "object": "anything", "bytearray": "text", "base64": "text",
    "unix-time": "integer", "date": "text", "decimal": "number", "time": "text",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A kind of value.

    Args:
        inner: Of a list's items or a mapping's values.
        choices: Of a choice.
        model: The class of an object; `fields` and `subtypes` read it.
        table: Instead of a class that is not installed: model name to wire names, as tests/wire publishes them, with the
            name of this object's own model.
    """

    kind: Kind
    inner: Callable[[], Shape] | None = None
    choices: tuple[str, ...] = ()
    model: type | None = None
    table: tuple[Mapping[str, Mapping[str, Any]], str] | None = None

    def fields(self) -> dict[str, Shape]:
        """Wire name to shape, without what only the service sets. An object of a base class has its subtypes' too."""
        if self.table is not None:
            return _table_fields(*self.table)
        assert self.model is not None
        return _fields(self.model)

    def discriminator(self) -> str:
        """The wire name of the member that chooses between subtypes; empty when there is none."""
        assert self.model is not None
        return _discriminator(self.model)

    def subtypes(self) -> list[Shape]:
        """The classes that its discriminator chooses between; empty when there is none."""
        if self.table is not None:
            return []
        assert self.model is not None
        return [Shape(kind="object", model=model) for model in _subtypes(self.model)]


def shape_of(model: type) -> Shape:
    """The shape of a model class."""
    return Shape(kind="object", model=model)


def read(model: type, body: Any) -> None:
    """Reads a body with the official class, every member down to the leaves.

    Raises: whatever the class raises for what it cannot read.
    """
    if hasattr(model, "_attribute_map"):
        found = model.deserialize(body)  # type: ignore[attr-defined]
        if found is None and body is not None:
            raise ValueError(f"{model.__name__} cannot be read from {str(body)[:200]}")
        return
    _touch(model(body), set())


def _touch(value: Any, seen: set[int]) -> None:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, list):
        for item in value:
            _touch(item, seen)
    elif hasattr(value, "_attr_to_rest_field"):
        for name in value._attr_to_rest_field:
            _touch(getattr(value, name), seen)
    elif isinstance(value, Mapping):
        for item in value.values():
            _touch(item, seen)


def _table_fields(models: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Shape]:
    """A list in the table names the models of an object, or of a list's items; the table does not say which."""
    return {
        field: Shape(kind="object", table=(models, inner[0]))
        if isinstance(inner, list)
        else Shape(kind="anything")
        for field, inner in models.get(name, {}).items()
    }


@functools.cache
def _fields(model: type) -> dict[str, Shape]:
    if hasattr(model, "_attribute_map"):
        return _msrest_fields(model)
    model({})  # its fields are known once an object was made
    found = {}
    for field in model._attr_to_rest_field.values():  # type: ignore[attr-defined]
        if field._visibility == ["read"]:
            continue
        value = _discriminator_value(model) if field._is_discriminator else None
        if value is not None:
            found[field._rest_name] = Shape(kind="choice", choices=(value,))
        else:
            found[field._rest_name] = _of_deserializer(field._type)
    return found


def _subtypes(model: type) -> list[type]:
    if hasattr(model, "_attribute_map"):
        return _msrest_subtypes(model)
    mapping: dict[str, type] = getattr(model, "__mapping__", {})
    return [subtype for value, subtype in mapping.items() if isinstance(value, str) and subtype is not model]


def _discriminator(model: type) -> str:
    if hasattr(model, "_attribute_map"):
        names = list(getattr(model, "_subtype_map", {}))
        return str(model._attribute_map[names[0]]["key"]).replace("\\.", ".") if names else ""
    model({})
    fields = model._attr_to_rest_field.values()  # type: ignore[attr-defined]
    return next((field._rest_name for field in fields if field._is_discriminator), "")


def _discriminator_value(model: type) -> str | None:
    for base in model.__mro__:
        for value, subtype in getattr(base, "__mapping__", {}).items():
            if subtype is model and isinstance(value, str):
                return value
    return None


def _of_deserializer(read_value: Any) -> Shape:
    """The shape behind a typed model's deserializer: nested partials, whose functions say what they read."""
    if not isinstance(read_value, functools.partial):
        return _of_type(read_value)
    name, arguments = read_value.func.__name__, read_value.args
    if name == "_deserialize_model":
        return Shape(kind="object", model=arguments[0])
    if name == "_deserialize_with_optional":
        return _of_deserializer(arguments[0])
    if name == "_deserialize_with_union":
        shapes = [_of_deserializer(one) for one in arguments[0]]
        return next((one for one in shapes if one.kind != "text"), shapes[0])
    if name in {"_deserialize_dict", "_deserialize_sequence"}:
        inner = arguments[0]
        return Shape(
            kind="mapping" if name == "_deserialize_dict" else "list", inner=lambda: _of_deserializer(inner)
        )
    return _of_deserializer(arguments[0]) if arguments else Shape(kind="anything")


def _of_type(found: Any) -> Shape:
    if isinstance(found, enum.EnumMeta):
        return Shape(kind="choice", choices=tuple(str(member.value) for member in found))  # type: ignore[var-annotated]
    if found in (dt.datetime, dt.date) or "datetime" in getattr(found, "__name__", ""):
        return Shape(kind="time")
    return Shape(kind=_SCALARS.get(found, "anything"))


def _msrest_fields(model: Any) -> dict[str, Shape]:
    found: dict[str, Shape] = {}
    readonly = {name for name, rules in getattr(model, "_validation", {}).items() if rules.get("readonly")}
    constants = _msrest_constants(model)
    for attribute, row in model._attribute_map.items():
        if attribute in readonly:
            continue
        if attribute in constants:
            found[row["key"].replace("\\.", ".")] = Shape(kind="choice", choices=(constants[attribute],))
            continue
        path = [part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", row["key"])]
        shape = _msrest_shape(model, row["type"])
        # "properties.accessTier" is a member of a member that no class describes.
        found[path[0] if len(path) == 1 else ".".join(path)] = shape
    return found


def _msrest_constants(model: Any) -> dict[str, str]:
    """Discriminators with the value that stands for this class."""
    found = {}
    for base in model.__mro__:
        for attribute, table in getattr(base, "_subtype_map", {}).items():
            for value, name in table.items():
                if name == model.__name__:
                    found[attribute] = value
    return found


def _msrest_shape(model: Any, text: str) -> Shape:
    if text.startswith(("[", "{")):
        inner = text[1:-1]
        return Shape(kind="list" if text[0] == "[" else "mapping", inner=lambda: _msrest_shape(model, inner))
    if text in _MSREST:
        return Shape(kind=_MSREST[text])
    named = getattr(__import__(model.__module__.rsplit(".", 1)[0], fromlist=[text]), text, None)
    if isinstance(named, type) and hasattr(named, "_attribute_map"):
        return Shape(kind="object", model=named)
    return Shape(kind="anything") if named is None else _of_type(named)


def _msrest_subtypes(model: Any) -> list[type]:
    package = __import__(model.__module__.rsplit(".", 1)[0], fromlist=["x"])
    names = [name for table in getattr(model, "_subtype_map", {}).values() for name in table.values()]
    return [getattr(package, name) for name in names if hasattr(package, name)]
