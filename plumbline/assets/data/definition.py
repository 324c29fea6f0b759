"""From a data asset's YAML to its normal form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plumbline.assets.data.normal_form import DEFAULT_TYPE, normal_data
from plumbline.assets.document import Document
from plumbline.assets.parts import Parts, located

if TYPE_CHECKING:
    from plumbline.assets.links import Links
    from plumbline.assets.resolve import Resolver


def build(document: Document, data: Mapping[str, Any], resolver: Resolver, _links: Links) -> Parts:
    """Local files by their content; anything else by its address."""
    type_name = str(data.get("type") or DEFAULT_TYPE).lower()
    return located(document, data, resolver, type_name=type_name, normal=normal_data)
