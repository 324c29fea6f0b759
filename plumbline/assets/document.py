"""One YAML file, read with the line of every field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from plumbline.assets.errors import Problem

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_STRING = "tag:yaml.org,2002:str"
_PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")

_DEPTH = 60
_INDENTED = re.compile(r"^[ ]{60}|^[ ]*(- ){30}", re.MULTILINE)
_ALIASED = 20_000

FieldPath = tuple[str | int, ...]


@dataclass(kw_only=True)
class Document:
    """A parsed file: plain values, and where each of them stands.

    Attributes:
        path: Where the file lies.
        source: The same, relative to the project's root, with forward slashes: what messages and state show.
        root: The project's root; files outside it do not belong to the project.
        text: The file as it is.
        data: The values. Times are kept as written, since what YAML makes of them is not what Azure wants.
        lines: Field path -> line.
        written: Field path -> a number or truth value as the file writes it: `NO`, `1.10`, `010`.
        problems: What is wrong with the file as YAML; more are added as it is checked.
        kind: What a part of a file defines (see ``part``); empty for a whole file, whose content tells.
        prefix: Where in the file a part stands.
        whole: The file that a part stands in.
    """

    path: Path
    source: str
    root: Path
    data: Any = None
    text: str = ""
    lines: dict[FieldPath, int] = field(default_factory=dict)
    written: dict[FieldPath, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    kind: str = ""
    prefix: FieldPath = ()
    whole: Document | None = None

    def part(self, prefix: FieldPath, data: Any, *, kind: str) -> Document:
        """A definition that stands within this one, as a document of its own.

        Its problems are the file's too, and name the field as the file has it.

        Args:
            prefix: Field that it stands in.
            data: Its values, as a file of its own would hold them.
        """
        depth = len(prefix)
        return Document(
            path=self.path,
            source=self.source,
            root=self.root,
            data=data,
            text=self.text,
            lines={at[depth:]: line for at, line in self.lines.items() if at[:depth] == prefix},
            written={at[depth:]: word for at, word in self.written.items() if at[:depth] == prefix},
            kind=kind,
            prefix=(*self.prefix, *prefix),
            whole=self,
        )

    @property
    def folder(self) -> Path:
        """The folder that relative paths in the file start from."""
        return self.path.parent

    def line(self, path: FieldPath) -> int:
        """The line of a field, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    @property
    def broken(self) -> bool:
        """Whether something here is wrong; warnings do not count."""
        return any(problem.severity == "error" for problem in self.problems)

    def dotted_lines(self) -> dict[str, int]:
        """The lines under dotted names, as definitions carry them."""
        return {dotted(path): line for path, line in self.lines.items() if path}

    def report(
        self, path: FieldPath, got: str, expected: str, next_step: str = "", *, near: str | None = None
    ) -> None:
        """Note an error at a field; ``near`` is text within its value whose own line shall be shown."""
        found = self._problem(path, got, expected, next_step)
        self._note(replace(found, line=self._line_of(near, found.line)) if near else found)

    def warn(self, path: FieldPath, got: str, expected: str, next_step: str = "") -> None:
        """Note something doubtful that stops nothing."""
        self._note(replace(self._problem(path, got, expected, next_step), severity="warning"))

    def _note(self, problem: Problem) -> None:
        self.problems.append(problem)
        if self.whole is not None:
            self.whole._note(problem)  # noqa: SLF001 - a document too

    def _line_of(self, text: str, start: int) -> int:
        """The line at or after ``start`` that holds a text, ``start`` when none does."""
        for at, line in enumerate(self.text.splitlines()[start - 1 :], start):
            if text in line:
                return at
        return start

    def _problem(self, path: FieldPath, got: str, expected: str, next_step: str) -> Problem:
        return Problem(
            file=self.source,
            line=self.line(path),
            field=dotted((*self.prefix, *path)),
            got=got,
            expected=expected,
            next_step=next_step,
        )


def read_document(path: Path, *, root: Path, source: str = "") -> Document:
    """Read one file; YAML errors become its problems, never an exception.

    Args:
        source: Optional. The path relative to the root, where it is known already.
    Raises: OSError: when the file cannot be read.
    """
    root = _resolved(root.absolute())
    document = Document(path=path, source=source or relative_source(path, root), root=root)
    try:
        document.text = path.read_text("utf-8-sig")
        if _may_be_deep(document.text) and (line := _too_deep(document.text)):
            document.lines[()] = line
            document.report((), f"values nested more than {_DEPTH} deep", "fewer levels", "Flatten them.")
            return document
        node = yaml.compose(document.text, Loader=_Loader)
    except UnicodeDecodeError as error:
        document.report(
            (), f"byte {error.start} that is not UTF-8", "a UTF-8 file", "Save the file as UTF-8."
        )
        return document
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        document.lines[()] = mark.line + 1 if mark else 1
        what = getattr(error, "problem", None) or "text that is no YAML"
        document.report((), str(what), "valid YAML", "Correct the indentation or quoting there.")
        return document
    if node is not None:
        document.data = _Reader(document).value(node, ())
    return document


def _may_be_deep(text: str) -> bool:
    """Whether a text could nest deep at all; nearly none can, and those are not parsed twice."""
    return text.count("[") + text.count("{") > _DEPTH or _INDENTED.search(text) is not None


def _too_deep(text: str) -> int:
    """The line at which values nest too deep, 0 when they do not. Events need no stack of ours."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEPTH:
                return event.start_mark.line + 1 if event.start_mark else 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return 0


@lru_cache(maxsize=64)
def _resolved(root: Path) -> Path:
    """A root, asked for with every message and every file below it."""
    return root.resolve()


def relative_source(path: Path, root: Path) -> str:
    """A path as messages and state show it: relative to the root, with forward slashes."""
    try:
        return path.resolve().relative_to(_resolved(root.absolute())).as_posix()
    except ValueError:
        return path.as_posix()


def is_there(path: Path) -> bool:
    """Whether a file or folder exists; a name that the system cannot even take does not."""
    try:
        return path.exists()
    except OSError:
        return False


def dotted(path: FieldPath) -> str:
    """``("inputs", "lr", "enum", 0)`` -> ``inputs.lr.enum[0]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


class _Reader:
    """Turns composed nodes into plain values and notes their lines."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._open: set[int] = set()
        self._seen: set[int] = set()
        self._again = 0
        self._constructor = yaml.constructor.SafeConstructor()  # of this file: it keeps what it made

    def value(self, node: yaml.Node, path: FieldPath) -> Any:
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self._seen:
            self._again += 1
            if self._again >= _ALIASED:
                if self._again == _ALIASED:
                    self.document.report(
                        path,
                        f"aliases that stand for more than {_ALIASED:,} values",
                        "fewer",
                        "Write them out.",
                    )
                return None
        self._seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._open:
            self.document.report(
                path, "an alias of what it stands in", "values that end", "Remove the alias."
            )
            return None
        if node.tag not in _PLAIN:
            self.document.report(
                path, f"the tag {node.tag.removeprefix('tag:yaml.org,2002:')}", "a plain mapping or list",
                "Remove the tag: azure-ai-ml reads none.",
            )  # fmt: skip
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
            return self._mapping(node, path) if isinstance(node, yaml.MappingNode) else None
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: FieldPath) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                sources = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                for source in sources:
                    found = self.value(source, path)
                    merged = {**(found if isinstance(found, Mapping) else {}), **merged}
                continue
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                self.document.report(path, "a key that is no plain text", "a plain key")
                continue
            here = (*path, key)
            if key in own:
                self.document.lines[here] = key_node.start_mark.line + 1
                self.document.report(here, "the key a second time", "each key once", "Remove one of the two.")
            self.document.lines[here] = key_node.start_mark.line + 1
            own[key] = self.value(value_node, here)
        return {**merged, **own}

    def _scalar(self, node: yaml.ScalarNode, path: FieldPath) -> Any:
        if "\0" in node.value:
            self.document.report(path, "a NUL character", "plain text", "Remove it.")
            return node.value.replace("\0", "")
        if node.tag in {_TIMESTAMP, _STRING}:
            return node.value
        self.document.written[path] = node.value
        try:
            return self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            self.document.report(path, f"{node.tag} {node.value!r}", "plain YAML", str(error).splitlines()[0])
            return None
