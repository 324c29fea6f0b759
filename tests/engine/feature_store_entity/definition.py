"""From an entity's YAML to its normal form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plumbline.assets.document import Document
from plumbline.assets.parts import Parts
from tests.engine.feature_store_entity.normal_form import normal_entity

if TYPE_CHECKING:
    from plumbline.assets.links import Links
    from plumbline.assets.resolve import Resolver


def build(document: Document, data: Mapping[str, Any], _resolver: Resolver, _links: Links) -> Parts:
    """Its columns."""
    return Parts(spec={} if document.broken else normal_entity(data))
