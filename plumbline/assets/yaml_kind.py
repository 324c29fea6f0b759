"""YamlKind: the descriptor of a kind that people write as YAML, and the folder that holds the rest of what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from plumbline.assets.kind import Kind

if TYPE_CHECKING:
    from plumbline.assets.document import Document
    from plumbline.assets.links import Links
    from plumbline.assets.parts import Parts
    from plumbline.assets.resolve import Resolver

HashOf = Callable[[str], str | None]
"""Id or address of uploaded files -> their hash, None when it is not known."""


@dataclass(frozen=True, kw_only=True)
class YamlKind(Kind):
    """Everything about such a kind. What reads it is imported when something is read: the provider reads no YAML.

    Beside the descriptor, its folder holds

    - `definition.py`: `build` reads the YAML (a schedule's is `build_schedule`, which is handed the jobs of its folder),
    - `normal_form.py`: `from_rest` reads a REST body, into the same normal form,
    - `fields.yaml`: what of it may change (see `rules.py`),
    - `schema.yml`: what its files may hold (see `schema.py`).

    Attributes:
        package: The folder as a package: what its `__init__.py` calls `__name__`.
        folders: Folders of a pipeline whose files are of this kind when their content does not tell.
        stems: File names without suffix that tell the same.
        types: Values of `type` that no other kind has.
        keys: Fields that no other kind has, which tell what a file without such a type is.
        schemas: Names in `$schema` that tell when nothing else does.
        marks: Members of a REST body's `properties` that no body around them has.
        by_type: Whether `type` says which table of `schema.yml` a file is checked with; `types.py` finds it.
    """

    package: str
    folders: tuple[str, ...]
    stems: tuple[str, ...]
    types: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    schemas: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    by_type: bool = False

    @property
    def folder(self) -> Path:
        """Where its tables lie."""
        return _folder(self.package)

    @property
    def fields(self) -> Mapping[str, Mapping[str, Any]]:
        """Field of its YAML -> what a change of it means."""
        return _fields(self.package)

    def build(self, document: Document, data: Mapping[str, Any], resolver: Resolver, links: Links) -> Parts:
        """What the YAML of a versioned asset says; what is wrong becomes the document's problems.

        Args:
            data: The document's values.
            links: Takes what the definition points to.
        """
        found: Parts = self._part("definition").build(document, data, resolver, links)
        return found

    def from_rest(self, properties: Mapping[str, Any], code_hash_of: HashOf) -> dict[str, Any]:
        """The canonical spec of what is live, equal to that of the YAML it was made from."""
        found: dict[str, Any] = self._part("normal_form").from_rest(properties, code_hash_of)
        return found

    def fields_of(self, document: Document) -> Mapping[str, Any] | None:
        """The table of what a document may hold; None, and a problem there, for a type that is not carried."""
        if self.by_type:
            found: Mapping[str, Any] | None = self._part("types").fields_of(document)
            return found
        # Imported here: with it comes all that reads files.
        from plumbline.assets.schema import table

        return table(self.name)

    def _part(self, name: str) -> Any:
        return import_module(f"{self.package}.{name}")


@cache
def _folder(package: str) -> Path:
    file = import_module(package).__file__
    assert file is not None, package
    return Path(file).parent


@cache
def _fields(package: str) -> Mapping[str, Mapping[str, Any]]:
    text = (_folder(package) / "fields.yaml").read_text("utf-8")
    loaded: Mapping[str, Mapping[str, Any]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return loaded
