"""Which field of a kind is immutable, mutable, or none of our business: the rows of its ``fields.yaml``.

A row's ``change`` says what a change of the field is. ``immutable``: part of spec and hash, another value is another version.
``mutable``: changed in place. ``identity``: names the thing. ``service``: filled by Azure or its tools, never compared.
``local``: folded into another field. ``default`` is the value that an absent field stands for; it is left out of the canonical
form. ``wire`` is the name in the REST body where it differs. ``source`` names where the rule was seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from plumbline.assets.yaml_kinds import YAML_KINDS


def field_rules(kind: str) -> Mapping[str, Mapping[str, Any]]:
    """Field name -> its row, for a kind that people write as YAML."""
    return YAML_KINDS[kind].fields


@cache
def immutable_fields(kind: str) -> tuple[str, ...]:
    """Names of the fields that a kind's spec is made of."""
    return tuple(name for name, row in field_rules(kind).items() if row["change"] == "immutable")


@cache
def mutable_fields(kind: str) -> tuple[str, ...]:
    """Names of the fields that change in place."""
    return tuple(name for name, row in field_rules(kind).items() if row["change"] == "mutable")


def without_defaults(kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The spec's immutable fields, less what is empty or says what an absent field stands for."""
    rules = field_rules(kind)
    kept: dict[str, Any] = {}
    for name in immutable_fields(kind):
        value = spec.get(name)
        if value is None or value in ({}, []) or value == rules[name].get("default"):
            continue
        kept[name] = value
    return kept
