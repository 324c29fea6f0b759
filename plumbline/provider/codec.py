"""Property maps of the engine's protocol, as plain Python values and back.

Unknowns become one sentinel that no comparison mistakes for text. Secrets are unwrapped, and remembered by
the top-level property that holds them, so that an output under the same name can be wrapped again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf import struct_pb2

from plumbline.provider.errors import Refusal

# Wire constants of the protocol; the SDK keeps them in pulumi.runtime.rpc, whose import starts half of the SDK.
_SIGNATURE_KEY: Final = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a constant of the wire
_UNKNOWN_TEXTS: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # text: the only one that the Python SDK sends
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
_UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Unknown:
    """A value that is only known once something else has been created."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, kw_only=True)
class Properties(Mapping[str, Any]):
    """A decoded property map.

    Attributes:
        entries: Property -> plain value; an unknown one is UNKNOWN, at any depth.
        secrets: Top-level properties that are secret, or hold something secret.
    """

    entries: Mapping[str, Any] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> Any:
        return self.entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def shown(self, name: str) -> str:
        """The value as a message may show it: never a secret, never at length."""
        if name in self.secrets:
            return "[secret]"
        text = repr(self.entries.get(name))
        return text if len(text) <= 80 else f"{text[:77]}..."


def is_known(value: Any) -> bool:
    """Say whether a value has no unknown in it, at any depth."""
    if isinstance(value, Unknown):
        return False
    if isinstance(value, Mapping):
        return all(is_known(member) for member in value.values())
    if isinstance(value, list | tuple):
        return all(is_known(member) for member in value)
    return True


def decode(struct: struct_pb2.Struct) -> Properties:
    """Read a property map. Absent and null are the same: a property that is not there."""
    secrets: set[str] = set()
    values: dict[str, Any] = {}
    for name, value in struct.fields.items():
        decoded, secret = _decode_value(value)
        if secret:
            secrets.add(name)
        if decoded is not None:
            values[name] = decoded
    return Properties(entries=values, secrets=frozenset(secrets))


def encode(values: Mapping[str, Any], secrets: Iterable[str] = ()) -> struct_pb2.Struct:
    """Write a property map; the named top-level properties are wrapped as secrets. None is left out."""
    hidden = frozenset(secrets)
    struct = struct_pb2.Struct()
    for name, value in values.items():
        if value is None:
            continue
        target = struct.fields[name]
        if name in hidden:
            envelope = target.struct_value.fields
            envelope[_SIGNATURE_KEY].string_value = _SECRET_SIGNATURE
            target = envelope["value"]
        _encode_value(value, target)
    return struct


def carried(values: Mapping[str, Any]) -> Properties:
    """What is left of values without secrets on their way between engine and provider: `decode(encode(values))`, sooner."""
    found = {name: _carried_value(value) for name, value in values.items() if value is not None}
    return Properties(entries={name: value for name, value in found.items() if value is not None})


def _carried_value(value: Any) -> Any:
    if isinstance(value, str):
        return UNKNOWN if value in _UNKNOWN_TEXTS else value
    if isinstance(value, bool | Unknown):
        return value
    if isinstance(value, int | float):
        number = float(value)
        return int(number) if number.is_integer() else number
    if isinstance(value, Mapping):
        return {name: _carried_value(member) for name, member in value.items()}
    return [_carried_value(member) for member in value] if isinstance(value, list | tuple) else None


def _decode_value(value: struct_pb2.Value) -> tuple[Any, bool]:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return (UNKNOWN if text in _UNKNOWN_TEXTS else text), False
    if kind == "number_value":
        number = value.number_value
        return (int(number) if number.is_integer() else number), False
    if kind == "bool_value":
        return value.bool_value, False
    if kind == "list_value":
        members = [_decode_value(member) for member in value.list_value.values]
        return [member for member, _ in members], any(secret for _, secret in members)
    if kind == "struct_value":
        return _decode_struct(value.struct_value)
    return None, False


def _decode_struct(struct: struct_pb2.Struct) -> tuple[Any, bool]:
    signature = struct.fields[_SIGNATURE_KEY].string_value if _SIGNATURE_KEY in struct.fields else ""
    if signature == _SECRET_SIGNATURE:
        return _decode_value(struct.fields["value"])[0], True
    if signature:
        raise Refusal("got an asset, an archive or a resource, expected text, a boolean, a list or a map.")
    members = {name: _decode_value(member) for name, member in struct.fields.items()}
    return {name: member for name, (member, _) in members.items()}, any(
        secret for _, secret in members.values()
    )


def _encode_value(value: Any, target: struct_pb2.Value) -> None:
    if isinstance(value, Unknown):
        target.string_value = _UNKNOWN_TEXT
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, Mapping):
        target.struct_value.SetInParent()
        for name, member in value.items():
            _encode_value(member, target.struct_value.fields[name])
    elif isinstance(value, list | tuple):
        target.list_value.SetInParent()
        for member in value:
            _encode_value(member, target.list_value.values.add())
    else:
        target.null_value = struct_pb2.NULL_VALUE
