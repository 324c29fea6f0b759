"""The normal form of a model, and how a REST body becomes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.references import normal_path
from plumbline.assets.rest_words import hashed, renamed
from plumbline.assets.rules import without_defaults
from plumbline.assets.yaml_kind import HashOf

DEFAULT_TYPE = "custom_model"


def normal_model(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical spec of a model: its type, and its files' hash or its URI."""
    type_name = str(fields.get("type") or DEFAULT_TYPE).lower()
    path = normal_path(str(fields.get("path") or ""))
    return without_defaults("model", {**fields, "type": type_name, "path": path})


def from_rest(properties: Mapping[str, Any], code_hash_of: HashOf) -> dict[str, Any]:
    """The same of a REST body."""
    fields = renamed("model", properties)
    flavors = fields.get("flavors")
    if isinstance(flavors, Mapping):
        # Each flavor's values lie below `data` on the wire.
        fields["flavors"] = {
            name: one["data"] if isinstance(one, Mapping) and "data" in one else one
            for name, one in flavors.items()
        }
    return normal_model({**fields, "path": hashed(str(fields.get("path") or ""), code_hash_of)})
