"""What references resolve to, and those of one definition collected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plumbline.assets.definition import AssetDefinition, Reference
from plumbline.assets.document import Document


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """An exact reference; what it points to, when that is in the set.

    Attributes:
        text: As the spec holds it.
        definition: The definition, None for a foreign asset or one that could not be built.
        document: Its file, None for a foreign asset.
    """

    text: str
    definition: AssetDefinition | None = None
    document: Document | None = None


class Links:
    """References collected while one definition is built."""

    def __init__(self) -> None:
        self._found: dict[str, AssetDefinition] = {}

    def add(self, resolved: Resolved) -> str:
        """Note what a reference resolved to; returns the text for the spec."""
        if resolved.definition is not None:
            self._found[resolved.text] = resolved.definition
        return resolved.text

    @property
    def references(self) -> tuple[Reference, ...]:
        """What the definition points to in the set, sorted."""
        return tuple(
            Reference(kind=found.kind, name=found.name, version=found.version)
            for _, found in sorted(self._found.items())
        )

    @property
    def hashes(self) -> Mapping[str, str]:
        """Reference -> content hash, for declared versions: those do not stand for their content."""
        return {
            text: found.content_hash
            for text, found in sorted(self._found.items())
            if found.declared_version is not None
        }
