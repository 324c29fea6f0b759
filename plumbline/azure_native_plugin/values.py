"""Property values: protobuf structs to plain Python and back, unknowns, and when two values are the same.

Secrets do not come here: the stand-in does not accept them, so the engine strips them before the call and
marks the outputs again by the inputs of the same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

# What the engine sends for a value it does not know yet. pulumi.runtime.rpc has it too, at 0.9 s of import.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A struct as a dict; whole numbers become int; null members are left out."""
    return {
        key: from_value(value)
        for key, value in struct.fields.items()
        if value.WhichOneof("kind") != "null_value"
    }


def from_value(value: struct_pb2.Value) -> Any:
    """One protobuf value as plain Python."""
    match value.WhichOneof("kind"):
        case "struct_value":
            return from_struct(value.struct_value)
        case "list_value":
            return [from_value(item) for item in value.list_value.values]
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case _:
            return None


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """A dict as a struct; None members are left out."""
    struct = struct_pb2.Struct()
    for key, value in values.items():
        if value is not None:
            struct.fields[key].CopyFrom(to_value(value))
    return struct


def to_value(value: Any) -> struct_pb2.Value:
    """Plain Python as a protobuf value."""
    match value:
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=value)
        case str():
            return struct_pb2.Value(string_value=value)
        case Mapping():
            return struct_pb2.Value(struct_value=to_struct(value))
        case list() | tuple():
            items = [to_value(item) for item in value]
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
        case _:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)


def is_unknown(value: Any) -> bool:
    """Whether a value, or anything within it, is not known yet."""
    if isinstance(value, Mapping):
        return any(is_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(is_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def is_empty(value: Any) -> bool:
    """Absent in all but form: nothing, an empty list or map, or a map of such."""
    if isinstance(value, Mapping):
        return all(is_empty(item) for item in value.values())
    return value is None or value == []


def same(first: Any, second: Any, *, ordered: bool = True) -> bool:
    """Whether two values mean the same.

    ARM ids compare without case (Azure answers them as it likes), lists of ARM ids also without order, and
    what is empty is what is absent. With ordered=False no list of plain values has an order.
    """
    if is_empty(first) and is_empty(second):
        return True
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        # Ids are keys, too: of the identities that are assigned.
        one, other = ({fold(key): value for key, value in item.items()} for item in (first, second))
        return all(same(one.get(key), other.get(key), ordered=ordered) for key in {*one, *other})
    if isinstance(first, list) and isinstance(second, list):
        return _same_list(first, second, ordered=ordered)
    if isinstance(first, str) and isinstance(second, str):
        return fold(first) == fold(second)
    # True is no 1; but 1 and 1.0 are one number: the engine keeps only the second.
    return isinstance(first, bool) == isinstance(second, bool) and bool(first == second)


def _same_list(first: list[Any], second: list[Any], *, ordered: bool) -> bool:
    if len(first) != len(second):
        return False
    texts = [item for item in (*first, *second) if isinstance(item, str)]
    if len(texts) == 2 * len(first) and (not ordered or all(_is_arm_id(text) for text in texts)):
        return sorted(map(fold, first)) == sorted(map(fold, second))
    return all(same(one, other, ordered=ordered) for one, other in zip(first, second, strict=True))


def fold(text: str) -> str:
    """A text as it compares: ARM ids in lower case, all else as it is."""
    return text.lower() if _is_arm_id(text) else text


def _is_arm_id(text: str) -> bool:
    return text[:15].lower().startswith(("/subscriptions/", "/providers/"))
