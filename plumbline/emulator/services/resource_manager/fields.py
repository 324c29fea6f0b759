"""Dotted fields of nested JSON: "properties.encryption.services"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MISSING: Any = object()


def read(body: Mapping[str, Any], dotted: str) -> Any:
    """The value, or MISSING."""
    value: Any = body
    for name in dotted.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return MISSING
        value = value[name]
    return value


def write(body: dict[str, Any], dotted: str, value: Any) -> None:
    """Sets a value, making the objects on its way."""
    *way, last = dotted.split(".")
    for name in way:
        inner = body.get(name)
        if not isinstance(inner, dict):
            inner = body[name] = {}
        body = inner
    body[last] = value


def remove(body: dict[str, Any], dotted: str) -> None:
    """Takes a value out, when it is there."""
    *way, last = dotted.split(".")
    for name in way:
        inner = body.get(name)
        if not isinstance(inner, dict):
            return
        body = inner
    body.pop(last, None)


def is_hollow(value: Any) -> bool:
    """Nothing, an empty list, or an object of such: what some services take for absent."""
    if isinstance(value, Mapping):
        return all(is_hollow(inner) for inner in value.values())
    return value is None or value == []


def without_nulls(value: Any) -> Any:
    """The same JSON without null members, at any depth: ARM does not keep them."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    return value


def merged(old: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7396): objects merge, null removes, all else replaces."""
    if not isinstance(old, dict) or not isinstance(patch, dict):
        return patch
    result = dict(old)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """A table's value with its {placeholders} filled in, at any depth."""
    if isinstance(template, str):
        return template.format_map(values) if "{" in template else template
    if isinstance(template, dict):
        return {key: filled(inner, values) for key, inner in template.items()}
    if isinstance(template, list):
        return [filled(inner, values) for inner in template]
    return template
