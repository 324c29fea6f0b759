"""Builds one asset's definition from its document: canonical spec, hashes, version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plumbline.assets.canonical import canonical_text, content_hash
from plumbline.assets.definition import AssetDefinition
from plumbline.assets.document import Document, dotted
from plumbline.assets.links import Links
from plumbline.assets.scalars import literal_text
from plumbline.assets.yaml_kinds import YAML_KINDS

if TYPE_CHECKING:
    from plumbline.assets.parts import Parts
    from plumbline.assets.resolve import Resolver
    from plumbline.assets.yaml_kind import YamlKind


def build_asset(document: Document, resolver: Resolver) -> AssetDefinition | None:
    """The definition in a document, None (and problems there) when something it needs is wrong."""
    kind = YAML_KINDS.get(resolver.library.kind(document))
    data = document.data
    if kind is None or not kind.is_versioned or not isinstance(data, Mapping):
        return None
    links = Links()
    parts = kind.build(document, data, resolver, links)
    if not parts.complete or document.broken:
        return None
    return _definition(document, kind, data, parts, links)


def _definition(
    document: Document, kind: YamlKind, data: Mapping[str, Any], parts: Parts, links: Links
) -> AssetDefinition:
    digest = content_hash(kind.name, parts.spec, reference_hashes=links.hashes)
    declared = str(data["version"]) if data.get("version") is not None else None
    return AssetDefinition(
        kind=kind.name,
        name=data["name"],
        version=declared or kind.version_of(parts.spec, digest),
        declared_version=declared,
        spec=canonical_text(parts.spec),
        content_hash=digest,
        code_hash=parts.snapshot.hash if parts.snapshot else None,
        code_path=parts.code_path,
        includes=parts.includes,
        display_name=data.get("display_name"),
        description=data.get("description"),
        tags={name: literal_text(value) for name, value in (data.get("tags") or {}).items()},
        source=document.source,
        inline=dotted(document.prefix),
        lines=document.dotted_lines(),
        references=links.references,
        reference_hashes=links.hashes,
    )
