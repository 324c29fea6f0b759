"""Resolves references between definitions to exact versions, and builds each definition once."""

from __future__ import annotations

from pathlib import Path

from plumbline.assets.build import build_asset
from plumbline.assets.definition import AssetDefinition, AssetKind
from plumbline.assets.document import Document, FieldPath
from plumbline.assets.library import SUFFIXES, Library
from plumbline.assets.links import Resolved
from plumbline.assets.other_yaml import what_it_is
from plumbline.assets.pins import ForeignReference, pins_in
from plumbline.assets.references import COLLECTIONS, Address, parse_reference
from plumbline.assets.schema import describe, suggestion
from plumbline.assets.yaml_kinds import YAML_KINDS

LATEST = "latest"
_DEPTH = 30
_Place = tuple[Path, FieldPath]


class Resolver:
    """Definitions of a library's documents, each built after what it points to."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._built: dict[_Place, AssetDefinition | None] = {}
        self._documents: dict[_Place, Document] = {}
        self._building: list[_Place] = []
        self._parts: dict[Path | None, list[AssetDefinition | None]] = {}
        self._pins = {folder: self._read_pins(folder) for folder in library.folders}
        self._foreign_found: dict[tuple[Path, str], ForeignReference] = {}

    def definition(self, document: Document) -> AssetDefinition | None:
        """The definition in a document; None when its problems leave none, or it holds no asset."""
        place = (document.path, document.prefix)
        if place in self._built:
            return self._built[place]
        if place in self._building:
            chain = " -> ".join(self.library.source(step) for step, _ in [*self._building, place])
            document.report(
                (), f"a component inside itself ({chain})", "components that end", "Break the chain."
            )
            return None
        if len(self._building) > _DEPTH:
            document.report((), f"components nested {_DEPTH} deep", "fewer levels", "Flatten them.")
            return None
        self._building.append(place)
        try:
            built = build_asset(document, self)
        finally:
            self._building.pop()
        self._built[place] = built
        if document.prefix:
            self._parts.setdefault(self.library.home(document.path), []).append(built)
        self._documents[place] = document
        return built

    def part(self, document: Document) -> Resolved:
        """What a definition inside another one resolves to: it is registered like one with a file of its own."""
        return self._resolved(document)

    def parts_in(self, home: Path | None) -> list[AssetDefinition]:
        """Definitions that stand inside files of a pipeline's folder, or of none."""
        return [found for found in self._parts.get(home, ()) if found is not None]

    def built(self) -> list[tuple[Document, AssetDefinition]]:
        """Every definition that was built, with its document."""
        return [(self._documents[place], found) for place, found in self._built.items() if found is not None]

    def reference(self, document: Document, path: FieldPath, text: str, kind: AssetKind) -> Resolved | None:
        """What a reference in a document stands for; None, and a problem, when nothing registers it."""
        if _is_path(text):
            return self._by_path(document, path, text, kind)
        address = parse_reference(text)
        if "<" in text and ">" in text:
            document.report(path, describe(text), "a name in the place of <...>", "Fill in the placeholder.")
            return None
        if address is not None and address.collection not in (None, COLLECTIONS[kind]):
            document.report(
                path, f"{describe(text)}, which names {address.collection}", f"/{COLLECTIONS[kind]}/ in it",
                "Correct the reference.",
            )  # fmt: skip
            return None
        if address is None:
            document.report(
                path,
                describe(text),
                f"azureml:NAME@latest, azureml:NAME:VERSION, a registry's, or a path of {kind}",
            )
            return None
        if address.registry is None:
            own = self.library.named(kind, address.name, near=document.path)
            if own is not None:
                return self._own(document, path, address, own)
        return self._foreign(document, path, text, address, kind)

    def _by_path(self, document: Document, path: FieldPath, text: str, kind: AssetKind) -> Resolved | None:
        target = self.library.open(document.folder / text.removeprefix("file:"))
        if target is None:
            document.report(
                path, f"no file at {describe(text)}", f"the file of the {kind}", "Correct the path."
            )
            return None
        if self.library.kind(target) != kind:
            found = self.library.kind(target).replace("_", " ")
            nameless = (kind, found) == ("component", "command job")
            step = "Give it a name, and take compute and experiment_name out." if nameless else ""
            holds = what_it_is(target) if found == "other" else f"a definition of kind {found}"
            document.report(
                path,
                f"{describe(text)}, which holds {holds}",
                f"one of kind {kind}",
                step,
            )
            return None
        return self._resolved(target)

    def _own(self, document: Document, path: FieldPath, address: Address, own: Document) -> Resolved | None:
        if address.label not in (None, LATEST):
            document.report(path, f"the label {address.label}", "@latest or a version", "Labels do not pin.")
            return None
        resolved = self._resolved(own)
        definition = resolved.definition
        if address.version and definition and definition.version != address.version:
            where = self.library.source(own.path)
            pinned = self._pins.get(self.library.home(document.path) or Path(), {}).get(str(address))
            if pinned is not None:
                return Resolved(text=pinned)
            document.report(
                path,
                f"version {address.version}",
                f"a version that is registered from here: {where} defines {definition.version or 'none'}",
                f"Write azureml:{address.name}@latest.",
            )
            return None
        return resolved

    def _foreign(
        self, document: Document, path: FieldPath, text: str, address: Address, kind: AssetKind
    ) -> Resolved | None:
        if address.exact and (address.registry or address.curated):
            return Resolved(text=str(address))
        pinned = self._pinned(document, path, text, kind)
        if pinned is not None:
            return Resolved(text=pinned)
        if address.registry or address.curated:
            document.report(
                path,
                f"{describe(text)}, which moves",
                "an exact version",
                "Write the one that it stands for now to pins.yaml: plumbline pin",
            )
            return None
        near = suggestion(address.name, self.library.names(kind))
        step = "Define it; or, when someone else registers it, pin its version: plumbline pin"
        step = f"{near} Otherwise: {step[0].lower()}{step[1:]}" if near else step
        document.report(
            path,
            describe(text),
            f"the name of {YAML_KINDS[kind].spoken} that a loaded definition registers",
            step,
        )
        return None

    def _pinned(self, document: Document, path: FieldPath, text: str, kind: AssetKind) -> str | None:
        """What pins.yaml has for a reference; a file of no pipeline's folder asks the first folder's."""
        home = self.library.home(document.path) or next(iter(self.library.folders), None)
        if home is None:
            return None
        pinned = self._pins[home].get(text)
        self._foreign_found.setdefault(
            (home, text),
            ForeignReference(
                folder=self.library.source(home), text=text, kind=kind, pinned=pinned,
                file=document.source, line=document.line(path),
            ),
        )  # fmt: skip
        return pinned

    @property
    def foreign(self) -> tuple[ForeignReference, ...]:
        """References that pins.yaml has to answer, by folder."""
        return tuple(sorted(self._foreign_found.values()))

    def warn_of_unused_pins(self) -> None:
        """Say which pins answer nothing that a definition writes."""
        for home, pins in self._pins.items():
            for document in self.library.of_kind(home, "pins"):
                for written in pins:
                    if (home, written) not in self._foreign_found and not self._is_own(document, written):
                        document.warn(
                            ("pins", written), "a pin of a reference that no definition writes",
                            "one that is used", "Remove it: plumbline pin",
                        )  # fmt: skip

    def _is_own(self, document: Document, written: str) -> bool:
        address = parse_reference(written)
        return address is not None and any(
            self.library.named(kind, address.name, near=document.path) for kind in COLLECTIONS
        )

    def _resolved(self, target: Document) -> Resolved:
        definition = self.definition(target)
        if definition is None:
            return Resolved(text="", document=target)
        text = str(Address(name=definition.name, version=definition.version or None))
        return Resolved(text=text, definition=definition, document=target)

    def _read_pins(self, folder: Path) -> dict[str, str]:
        pins: dict[str, str] = {}
        for document in self.library.of_kind(folder, "pins"):
            pins.update(pins_in(document))
        return pins


def _is_path(text: str) -> bool:
    return text.startswith(("file:", "./", "../")) or (
        text.endswith(SUFFIXES) and not text.startswith("azureml:")
    )
