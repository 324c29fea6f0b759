"""From a model's YAML to its normal form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plumbline.assets.document import Document
from plumbline.assets.model.normal_form import DEFAULT_TYPE, normal_model
from plumbline.assets.parts import Parts, located
from plumbline.assets.schema import describe

if TYPE_CHECKING:
    from plumbline.assets.links import Links
    from plumbline.assets.resolve import Resolver


def build(document: Document, data: Mapping[str, Any], resolver: Resolver, _links: Links) -> Parts:
    """Local files by their content, or a URI."""
    version = data.get("version")
    if version is not None and not (str(version).isdigit() and int(version) > 0):
        document.report(
            ("version",), describe(version), "a positive integer", "Remove it; the service counts."
        )
    type_name = str(data.get("type") or DEFAULT_TYPE).lower()
    return located(document, data, resolver, type_name=type_name, normal=normal_model)
