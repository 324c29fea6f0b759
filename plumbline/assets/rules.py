"""``fields.yaml``: which field of a kind is immutable, mutable, or none of our business."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def field_rules(kind: str) -> Mapping[str, Mapping[str, Any]]:
    """Field name -> its row, for ``environment``, ``component``, ``data``, ``model`` or ``schedule``."""
    loaded: Mapping[str, Mapping[str, Any]] = _all_rules()[kind]
    return loaded


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
    kept: dict[str, Any] = {}
    for name in immutable_fields(kind):
        value = spec.get(name)
        if value is None or value in ({}, []) or value == field_rules(kind)[name].get("default"):
            continue
        kept[name] = value
    return kept


@cache
def _all_rules() -> Mapping[str, Any]:
    text = Path(__file__).with_name("fields.yaml").read_text("utf-8")
    loaded: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return loaded
