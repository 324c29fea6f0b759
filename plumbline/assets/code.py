"""Hashes the files that go up with an asset, to the very digest that azure-ai-ml stores on the code asset.

Checked against azure-ai-ml 1.35.2 (``get_content_hash``, ``ComponentIgnoreFile``, ``AdditionalIncludes``), which
looks for equal code by this digest before it uploads: a digest of our own would upload twice.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

IGNORE_FILES = (".amlignore", ".gitignore")
"""Read in this order at the root of the code only; the first that exists wins, whole."""

COMPONENT_IGNORES = ("__pycache__",)
"""Left out of a component's code whatever the ignore file says; data and models have no such rule."""

_CHUNK = 1 << 20
# What COMPONENT_IGNORES comes to, as pathspec writes it. Nearly no folder has more rules, and pathspec's import takes as
# long as hashing a hundred of them.
_CACHES = re.compile(r"^(?:.+/)?__pycache__(?:/|$)")


@dataclass(frozen=True, kw_only=True)
class CodeFile:
    """One file of a snapshot: its name in the upload, where its bytes lie, and how many they are.

    Attributes:
        has_carriage_returns: Whether it is a text with CRLF line ends, as far as its first megabyte tells.
    """

    name: str
    path: Path
    size: int
    has_carriage_returns: bool = False


@dataclass(frozen=True, kw_only=True)
class CodeSnapshot:
    """What goes up with an asset: its digest (64 hex) and its files, in the order of the digest."""

    hash: str
    files: tuple[CodeFile, ...]

    def files_with_carriage_returns(self) -> tuple[CodeFile, ...]:
        """Text files with CRLF line ends: another checkout has other bytes and so another version."""
        return tuple(file for file in self.files if file.has_carriage_returns)


def hash_code(
    path: Path, *, includes: Sequence[Path] = (), ignores: Sequence[str] = COMPONENT_IGNORES
) -> CodeSnapshot:
    """Snapshot of a component's code: a folder or a single file, with ``additional_includes`` folded in.

    Links are followed, their own names kept. Files are streamed, never held whole.

    Args:
        path: Folder or file.
        includes: Optional. Absolute paths copied beside the code's own files.
        ignores: Patterns that hold besides the ignore file; ``hash_data`` passes none.
    Raises: FileNotFoundError: when the path or an include does not exist.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    return hash_resolved(path.resolve(), includes=includes, ignores=ignores)


def hash_data(path: Path) -> CodeSnapshot:
    """Snapshot of local data or of a model: as ``hash_code``, without the rules that only code has."""
    return hash_code(path, ignores=())


def hash_resolved(path: Path, *, includes: Sequence[Path], ignores: Sequence[str]) -> CodeSnapshot:
    """As ``hash_code``, for who has resolved the path: that takes as long as hashing a small file."""
    if includes:
        return _snapshot(_merged(path, includes, ignores))
    if path.is_file():
        return _snapshot([(path.name, str(path))])
    return _snapshot(_files_in(str(path), _Ignore.at(path, ignores)))


class _Ignore:
    """Patterns of one ignore file; as in azure-ai-ml the last pattern that matches decides."""

    def __init__(self, base: Path, lines: Sequence[str], outer: Sequence[_Ignore] = ()) -> None:
        self.base = base
        self.outer = outer
        self._patterns = _patterns(lines)

    @classmethod
    def at(cls, folder: Path, ignores: Sequence[str], outer: Sequence[_Ignore] = ()) -> _Ignore:
        places = (os.path.join(folder, name) for name in IGNORE_FILES)
        found = next((place for place in places if os.path.exists(place)), None)
        return cls(folder, [*_rules_in(found), *ignores], outer)

    def excludes(self, path: str) -> bool:
        if any(ignore.excludes(path) for ignore in self.outer):
            return True
        base, excluded = f"{self.base}/", False
        name = path.removeprefix(base) if path.startswith(base) else os.path.relpath(path, self.base)
        for excludes, form in self._patterns:
            if form.search(name) is not None:
                excluded = excludes
        return excluded


def _patterns(lines: Sequence[str]) -> list[tuple[bool, re.Pattern[str]]]:
    """What lines of an ignore file come to: whether what matches is left out, and what matches."""
    if tuple(lines) == COMPONENT_IGNORES:
        return [(True, _CACHES)]
    # Imported here: it takes as long as the rest of this package, and nearly nobody's code has an ignore file.
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    made = [GitIgnoreSpecPattern(line) for line in lines]
    return [(one.include, one.regex) for one in made if one.include is not None and one.regex is not None]


def _rules_in(file: str | None) -> list[str]:
    return [line.rstrip() for line in Path(file).read_text("utf-8-sig").split("\n")] if file else []


def _files_in(folder: str, ignore: _Ignore) -> Iterator[tuple[str, str]]:
    actual = {folder: folder}  # folder that the walk is to enter -> where it lies
    for root, folders, names in os.walk(folder, followlinks=True):
        here, prefix = actual.pop(root), root[len(folder) + 1 :]
        actual.update({os.path.join(root, name): _led_to(os.path.join(here, name)) for name in folders})
        for name in names:
            file = os.path.join(here, name)
            if not ignore.excludes(file):
                yield f"{prefix}/{name}" if prefix else name, _led_to(file)


def _led_to(path: str) -> str:
    """Where an entry of a resolved folder leads."""
    return os.path.realpath(path) if os.path.islink(path) else path


def _merged(path: Path, includes: Sequence[Path], ignores: Sequence[str]) -> list[tuple[str, str]]:
    """Code and includes as azure-ai-ml lays them into one folder; a later file of one name wins."""
    found: dict[str, str] = {}
    if path.is_file():
        root = _Ignore(path.parent, ignores)
        found[path.name] = str(path)
    else:
        root = _Ignore.at(path, ignores)
        found.update(_copied(path, "", root, ignores))
    for include in includes:
        resolved = include.resolve()
        root.base = resolved.parent
        if not resolved.exists():
            raise FileNotFoundError(resolved)
        ignore = root if resolved.is_file() else _Ignore.at(resolved, ignores, (root,))
        found.update(_copied(resolved, resolved.name, ignore, ignores))
    rules = next((found[name] for name in IGNORE_FILES if name in found), None)
    final = _Ignore(Path("/merged"), [*_rules_in(rules), *ignores])
    return [(name, file) for name, file in found.items() if not final.excludes(f"{final.base}/{name}")]


def _copied(path: Path, name: str, ignore: _Ignore, ignores: Sequence[str]) -> Iterator[tuple[str, str]]:
    if ignore.excludes(str(path)):
        return
    if path.is_file():
        yield name, str(path.resolve())
        return
    for child in sorted(path.iterdir()):
        inner = ignore if child.is_file() else _Ignore.at(child, ignores, (*ignore.outer, ignore))
        yield from _copied(child, f"{name}/{child.name}" if name else child.name, inner, ignores)


def _snapshot(files: Iterable[tuple[str, str]]) -> CodeSnapshot:
    sized = [
        (name, path, os.stat(path).st_size) for name, path in sorted(files, key=lambda file: file[0].lower())
    ]
    digest = hashlib.sha256(str(len(sized)).encode())
    for name, _, size in sized:
        digest.update(f"#{name}#{size}".encode())
    listed = []
    for name, path, size in sized:
        head = _digested(path, size, digest)
        crlf = b"\r\n" in head and b"\0" not in head
        listed.append(CodeFile(name=name, path=Path(path), size=size, has_carriage_returns=crlf))
    return CodeSnapshot(hash=digest.hexdigest(), files=tuple(listed))


def _digested(path: str, size: int, digest: hashlib._Hash) -> bytes:
    """Add a file's bytes to a digest; answers the first of them."""
    with open(path, "rb", buffering=0) as stream:
        head = chunk = stream.read(min(size + 1, _CHUNK))
        while chunk:
            digest.update(chunk)
            chunk = stream.read(_CHUNK)
    return head
