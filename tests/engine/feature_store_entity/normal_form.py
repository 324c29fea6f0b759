"""The normal form of an entity, and how a REST body becomes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.rest_words import renamed
from plumbline.assets.rules import without_defaults
from plumbline.assets.yaml_kind import HashOf

_KIND = "feature_store_entity"


def normal_entity(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical spec: the columns, types in small letters."""
    columns = [
        {"name": column["name"], "type": str(column["type"]).lower()} for column in fields["index_columns"]
    ]
    return without_defaults(_KIND, {**fields, "index_columns": columns})


def from_rest(properties: Mapping[str, Any], _code_hash_of: HashOf) -> dict[str, Any]:
    """The same of a REST body."""
    fields = renamed(_KIND, properties)
    columns = [
        {"name": column["columnName"], "type": column["dataType"]} for column in fields["index_columns"]
    ]
    return normal_entity({**fields, "index_columns": columns})
