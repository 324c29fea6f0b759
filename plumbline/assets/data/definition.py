"""From a data asset's YAML to its normal form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plumbline.assets.data.normal_form import DEFAULT_TYPE, normal_data
from plumbline.assets.document import Document
from plumbline.assets.parts import Parts, located
from plumbline.assets.references import is_remote_path

if TYPE_CHECKING:
    from plumbline.assets.links import Links
    from plumbline.assets.resolve import Resolver


def build(document: Document, data: Mapping[str, Any], resolver: Resolver, _links: Links) -> Parts:
    """Local files by their content, or a URI under a declared version."""
    path = data.get("path")
    if isinstance(path, str) and is_remote_path(path) and data.get("version") is None and not document.broken:
        document.report(
            ("version",),
            "nothing",
            "a version: what lies behind a URI cannot be hashed from here",
            'Add "version: ...".',
        )
    type_name = str(data.get("type") or DEFAULT_TYPE).lower()
    return located(document, data, resolver, type_name=type_name, normal=normal_data)
