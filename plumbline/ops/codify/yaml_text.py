"""Edits of one value in YAML text: everything around it, comments and layout too, stays as it is. Pure.

A library that dumps the whole file again moves comments (one before a key goes with the key above it) and lays lists out
again; a place in the text, as the parser marks it, touches nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from plumbline.assets.scalars import literal_text

HEAD = ("$schema", "name", "version", "type", "display_name", "experiment_name", "description", "tags")
"""Keys that stand at the top of a definition, in the order in which they are written."""

_STRING = "tag:yaml.org,2002:str"
_STEP = 2


class NoPlace(Exception):
    """The text has no place for the value; the message says why."""


def with_value(text: str, path: tuple[str, ...], value: Any) -> str:
    """The text with a value at a path of keys; keys that are missing are added.

    Raises: NoPlace: the text is no YAML mapping, or something on the way is no mapping.
    """
    parent, rest = _deepest(text, path)
    key, *inner = rest
    for name in reversed(inner):
        value = {name: value}
    found = _value_node(parent, key)
    if found is None:
        return _added(text, parent, key, value)
    key_node, node = found
    start, end = node.start_mark.index, _end(text, node)
    indent = _indent(key_node, parent)
    if isinstance(node, yaml.ScalarNode) and isinstance(value, list) and len(value) == 1:
        value = value[0]  # `hours: 6` stands for a list of one
    if isinstance(node, yaml.ScalarNode) and end > start and not _is_nested(value):
        return _laid(text, start, end, _scalar(value, node, indent))
    bare = text[:start].rstrip()
    start = len(bare) if bare.endswith(":") else len(text[:start].rstrip(" "))
    return _laid(text, start, end, _rendered(value, indent, flow=bool(parent.flow_style)))


def without(text: str, path: tuple[str, ...]) -> str:
    """The text without the key at a path; the same text when it is not there. A mapping that ends up empty goes too.

    Raises: NoPlace: the text is no YAML mapping.
    """
    parent, rest = _deepest(text, path)
    found = _value_node(parent, rest[0]) if len(rest) == 1 else None
    if found is None:
        return text
    if len(parent.value) == 1 and len(path) > 1:
        return without(text, path[:-1])
    key_node, node = found
    start, end = key_node.start_mark.index, _end(text, node)
    if parent.flow_style:
        at = next(at for at, pair in enumerate(parent.value) if pair[0] is key_node)
        if at + 1 < len(parent.value):
            return text[:start] + text[parent.value[at + 1][0].start_mark.index :]
        before = _end(text, parent.value[at - 1][1]) if at else start
        return text[:before] + text[end:]
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    return text[:line_start] + (text[line_end + 1 :] if line_end >= 0 else "")


def value_at(text: str, path: tuple[str, ...]) -> Any:
    """The value at a path of keys, None when it is not there."""
    found: Any = yaml.safe_load(text)
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def line_of(text: str, path: tuple[str, ...]) -> int:
    """The line of the deepest key of a path that is there."""
    parent, rest = _deepest(text, path)
    found = _value_node(parent, rest[0])
    return int((found[0] if found else parent).start_mark.line) + 1


def _deepest(text: str, path: tuple[str, ...]) -> tuple[yaml.MappingNode, list[str]]:
    """The deepest mapping on the way, and the keys from there on."""
    try:
        # The pure loader: its marks count characters.
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise NoPlace("the file is no YAML that can be read") from error
    if not isinstance(node, yaml.MappingNode):
        raise NoPlace("the file is no mapping")
    keys = list(path)
    while len(keys) > 1:
        found = _value_node(node, keys[0])
        if found is None or not isinstance(found[1], yaml.MappingNode) or not found[1].value:
            break
        node = found[1]
        keys.pop(0)
    return node, keys


def _value_node(parent: yaml.MappingNode, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    found: tuple[yaml.Node, yaml.Node] | None
    found = next((pair for pair in parent.value if pair[0].value == key), None)
    if found is not None and found[1].start_mark.index < found[0].end_mark.index:
        # The parser answers what an alias stands for, with the marks of that other place.
        raise NoPlace(f"{key} is an alias of another value. Write it by hand")
    return found


def _end(text: str, node: yaml.Node) -> int:
    """Where a value really ends: the parser's mark of a block is where the next thing begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    start, end = int(node.start_mark.index), int(node.end_mark.index)
    return start + len(text[start:end].rstrip("\r\n \t")) if isinstance(node, yaml.ScalarNode) else end


def _indent(key_node: yaml.Node, parent: yaml.MappingNode) -> int:
    return int((parent.value[0][0] if not parent.flow_style else key_node).start_mark.column)


def _added(text: str, parent: yaml.MappingNode, key: str, value: Any) -> str:
    flow = bool(parent.flow_style)
    shown = yaml.safe_dump(key, default_flow_style=True).strip().removesuffix("...").strip()
    if flow or not parent.value:
        rendered = f"{shown}:{_rendered(value, 0, flow=True)}"
        at = int(parent.end_mark.index) - 1
        return f"{text[:at].rstrip(' ')}{', ' if parent.value else ''}{rendered}{text[at:]}"
    indent = int(parent.value[0][0].start_mark.column)
    after = _neighbour(parent, key)
    end = _end(text, after)
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    line_end -= 1 if text[:line_end].endswith("\r") else 0
    rendered = f"\n{' ' * indent}{shown}:{_rendered(value, indent, flow=False)}"
    return _laid(text, line_end, line_end, rendered)


def _neighbour(parent: yaml.MappingNode, key: str) -> yaml.Node:
    """The value after which a new key goes: the last of those that stand before it at a definition's top, else the last."""
    if key in HEAD:
        before = HEAD[: HEAD.index(key)]
        found: list[yaml.Node] = [value for name, value in parent.value if name.value in before]
        if found:
            return max(found, key=lambda node: int(node.start_mark.index))
    last: yaml.Node = parent.value[-1][1]
    return last


def _laid(text: str, start: int, end: int, piece: str) -> str:
    if "\r\n" in text:
        piece = piece.replace("\r\n", "\n").replace("\n", "\r\n")
    return text[:start] + piece + text[end:]


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping | list) and bool(value)


def _rendered(value: Any, indent: int, *, flow: bool) -> str:
    """A value as it stands after `key:`, with the space or line break between."""
    if isinstance(value, str) and "\n" in value and not flow:
        return f" {_block(value, indent)}"
    if isinstance(value, Mapping) and value and not flow:
        dumped = yaml.safe_dump(value, sort_keys=False, width=10**6, allow_unicode=True)
        pad = " " * (indent + _STEP)
        return "\n" + "\n".join(f"{pad}{line}" if line else "" for line in dumped.rstrip("\n").split("\n"))
    dumped = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6, allow_unicode=True)
    return f" {dumped.strip().removesuffix('...').strip()}"


def _scalar(value: Any, old: yaml.ScalarNode, indent: int) -> str:
    """A scalar in the style of the one that it replaces, as far as it can carry the value."""
    if not isinstance(value, str):
        return _rendered(value, 0, flow=True).strip()
    if "\n" in value:
        return _block(value, indent)
    if old.tag != _STRING:
        # The canonical form holds literals as text; a number is written as one where one stood.
        plain = yaml.safe_load(value) if value else value
        if not isinstance(plain, str | Mapping | list) and literal_text(plain) == value:
            return value
    style = old.style if old.style in {"'", '"'} else None
    dumped = yaml.safe_dump(value, default_style=style, width=10**6, allow_unicode=True)
    return dumped.strip().removesuffix("\n...").strip()


def _block(value: str, indent: int) -> str:
    keep = (
        "|"
        if value.endswith("\n") and not value.endswith("\n\n")
        else "|-"
        if not value.endswith("\n")
        else "|+"
    )
    pad = " " * (indent + _STEP)
    lines = value.removesuffix("\n").split("\n")
    first = str(_STEP) if lines[0].startswith(" ") else ""
    return f"{keep[0]}{first}{keep[1:]}\n" + "\n".join(f"{pad}{line}" if line else "" for line in lines)
