"""The normal form of a data asset, and how a REST body becomes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.references import normal_path
from plumbline.assets.rest_words import hashed, renamed
from plumbline.assets.rules import without_defaults
from plumbline.assets.yaml_kind import HashOf

DEFAULT_TYPE = "uri_folder"


def normal_data(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical spec of data: its type, and its files' hash or its URI."""
    type_name = str(fields.get("type") or DEFAULT_TYPE).lower()
    path = normal_path(str(fields.get("path") or ""))
    return without_defaults("data", {**fields, "type": type_name, "path": path})


def from_rest(properties: Mapping[str, Any], code_hash_of: HashOf) -> dict[str, Any]:
    """The same of a REST body."""
    fields = renamed("data", properties)
    return normal_data({**fields, "path": hashed(str(fields.get("path") or ""), code_hash_of)})
