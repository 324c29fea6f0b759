"""Every definition file of the loaded set, found, read and checked against the tables once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbline.assets.document import Document, read_document
from plumbline.assets.errors import Problem
from plumbline.assets.file_kind import FOLDERS, FileKind, kind_of
from plumbline.assets.other_yaml import other_yaml, what_it_is
from plumbline.assets.places import Places
from plumbline.assets.references import COLLECTIONS
from plumbline.assets.schema import check_fields, table
from plumbline.assets.secrets import check_secrets
from plumbline.assets.yaml_kinds import YAML_KINDS

SUFFIXES = (".yml", ".yaml")


class Library:
    """The documents of a set of pipeline folders, by path and by what they define."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.documents: dict[Path, Document] = {}
        self.kinds: dict[Path, FileKind] = {}
        self.folders: dict[Path, list[Path]] = {}
        self.left_out: dict[Path, str] = {}
        self.nothing_read: list[Problem] = []
        self._named: dict[tuple[str, str], list[Document]] = {}
        self._homes: dict[Path, Path | None] = {}
        self._groups: dict[Path | None, list[Path]] = {}
        self._grouped = 0
        self._places = Places()

    def read_folder(self, folder: Path) -> None:
        """Read every definition of a pipeline's folder."""
        home = folder.resolve()
        self.folders[home] = []
        self._homes.clear()  # a folder may hold another one
        self._groups.clear()
        self._grouped = 0
        for path in _definition_files(home):
            self._take_in(home, path)
        for path in other_yaml(home, self.folders[home], self.documents):
            self._take_in(home, path)
        if home.is_dir():
            self._report_nothing(home)

    def _take_in(self, home: Path, path: Path) -> None:
        document = self.open(path)
        if document is None or document.path in self.left_out:
            return
        if self.kinds[document.path] == "other" and not document.problems:
            self.left_out[document.path] = what_it_is(document)
        else:
            self.folders[home].append(document.path)

    def leave_out(self, home: Path, paths: Sequence[Path], why: str) -> None:
        """Take files that turned out to define nothing out of a folder's definitions."""
        if not paths:
            return
        self.left_out.update(dict.fromkeys(paths, why))
        self.folders[home] = [path for path in self.folders[home] if path not in paths]
        self._report_nothing(home)

    def _report_nothing(self, home: Path) -> None:
        """A folder of which nothing was read would be called fine otherwise; conda files alone define nothing."""
        read = self.folders[home]
        if any(self.kinds[path] != "conda" for path in read):
            return
        unread = {**self.left_out, **dict.fromkeys(read, "a conda file, of which alone nothing is made")}
        left = [
            f"{path.relative_to(home).as_posix()}: {why}"
            for path, why in unread.items()
            if path.is_relative_to(home)
        ]
        self.nothing_read.append(
            Problem(
                file=self.source(home), line=0, field="",
                got=f"no definition in {len(left)} YAML file{'' if len(left) == 1 else 's'}"
                + (f" ({'; '.join(left[:3])})" if left else ""),
                expected="az ml YAML of a component, an environment, data, a model, a pipeline job or a schedule",
                next_step="Name a folder that holds some, or remove this one.",
            )
        )  # fmt: skip

    def open(self, path: Path) -> Document | None:
        """The document at a path, read at the first call; None when there is no such file."""
        actual = self._places.actual(path)
        if actual not in self.documents:
            if not _is_file(actual):
                return None
            document = read_document(actual, root=self.root, source=self.source(actual))
            self.documents[actual] = document
            self.kinds[actual] = kind_of(document)
            self._check(document)
        return self.documents[actual]

    def kind(self, document: Document) -> FileKind:
        """What a document defines."""
        return document.kind or self.kinds[document.path]

    def of_kind(self, folder: Path, kind: FileKind) -> list[Document]:
        """Documents of one kind in one pipeline's folder, in the order of their paths."""
        return [self.documents[path] for path in self.folders[folder] if self.kinds[path] == kind]

    def named(self, kind: str, name: str, *, near: Path) -> Document | None:
        """The definition of a name; one in the same pipeline's folder goes first."""
        found = self._named.get((kind, name), [])
        home = self.home(near)
        return next(
            (document for document in found if self.home(document.path) == home), found[0] if found else None
        )

    def namesakes(self) -> Iterator[list[Document]]:
        """Groups of documents that define one kind and name more than once."""
        yield from (found for found in self._named.values() if len(found) > 1)

    def names(self, kind: str) -> list[str]:
        """Every name that a kind of definition has in the set."""
        return [name for found_kind, name in self._named if found_kind == kind]

    def home(self, path: Path) -> Path | None:
        """The pipeline folder that a path lies in."""
        if path not in self._homes:
            above = path.parent
            self._homes[path] = path if path in self.folders else None if above == path else self.home(above)
        return self._homes[path]

    def documents_in(self, home: Path | None) -> list[Document]:
        """Every document of a pipeline's folder, or of none."""
        return [self.documents[path] for path in self._by_home().get(home, ())]

    def left_out_in(self, home: Path) -> dict[str, str]:
        """YAML files of a folder that define nothing, relative to it -> what they are."""
        return {
            path.relative_to(home).as_posix(): self.left_out[path]
            for path in self._by_home().get(home, ())
            if path in self.left_out
        }

    def _by_home(self) -> dict[Path | None, list[Path]]:
        """Paths of documents by their folder, in the order in which they were opened; more are opened all the time."""
        for path in list(self.documents)[self._grouped :]:
            self._groups.setdefault(self.home(path), []).append(path)
        self._grouped = len(self.documents)
        return self._groups

    def source(self, path: Path) -> str:
        """A path relative to the project's root."""
        actual, within = str(self._places.actual(path)), f"{self.root}/"
        if actual.startswith(within):
            return actual.removeprefix(within)
        return "." if actual == str(self.root) else path.as_posix()

    @property
    def problems(self) -> list[Problem]:
        """What is wrong or doubtful in all files, sorted by file and line."""
        found = {problem for document in self.documents.values() for problem in document.problems}
        return sorted({*found, *self.nothing_read})

    def check_part(self, document: Document) -> None:
        """Check the fields of a definition that stands inside another one."""
        fields = self._fields(document, self.kind(document))
        if fields is not None:
            check_fields(document, document.data, (), fields)

    def _check(self, document: Document) -> None:
        kind = self.kind(document)
        if kind in {"other", "release"} or document.problems:
            return
        if document.data is None:
            document.report(
                (), "an empty file", f"the definition of one {kind.replace('_', ' ')}", "Fill or delete it."
            )
            return
        fields = self._fields(document, kind)
        if fields is not None:
            check_fields(document, document.data, (), fields)
        check_secrets(document)
        name = document.data.get("name") if isinstance(document.data, Mapping) else None
        if kind in COLLECTIONS and isinstance(name, str):
            self._named.setdefault((kind, name), []).append(document)

    def _fields(self, document: Document, kind: FileKind) -> Mapping[str, Any] | None:
        """The table for a document; None, and a problem, for a type that we do not carry."""
        found = YAML_KINDS.get(kind)
        fields: Mapping[str, Any] | None = found.fields_of(document) if found else table(kind)[kind]
        return fields


def _definition_files(folder: Path) -> Iterator[Path]:
    """YAML files at the top of the folder, in its role folders, and one folder below those."""
    yield from _yaml_in(folder)
    for role in sorted(FOLDERS):
        place = folder / role
        if place.is_dir():
            yield from _yaml_in(place)
            for inner in sorted(entry.path for entry in _entries(place) if entry.is_dir()):
                yield from (path for path in _yaml_in(inner) if path.stem in FOLDERS)


def _is_file(path: Path) -> bool:
    """Whether there is a file; a name that the system cannot even take is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _yaml_in(folder: Path | str) -> list[Path]:
    found = (entry for entry in _entries(folder) if entry.name.endswith(SUFFIXES) and entry.is_file())
    return sorted(path for entry in found if (path := Path(entry.path)).suffix in SUFFIXES)


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    """What lies in a folder, which tells what is a folder without another call for each."""
    with os.scandir(folder) as entries:
        return list(entries)
