"""Hashes the files that go up with an asset, to the very digest that azure-ai-ml stores on the code asset.

Checked against azure-ai-ml 1.35.2 (``get_content_hash``, ``ComponentIgnoreFile``, ``AdditionalIncludes``), which
looks for equal code by this digest before it uploads: a digest of our own would upload twice.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

IGNORE_FILES = (".amlignore", ".gitignore")
"""Read in this order at the root of the code only; the first that exists wins, whole."""

COMPONENT_IGNORES = ("__pycache__",)
"""Left out of a component's code whatever the ignore file says; data and models have no such rule."""

_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class CodeFile:
    """One file of a snapshot: its name in the upload, where its bytes lie, and how many they are."""

    name: str
    path: Path
    size: int


@dataclass(frozen=True, kw_only=True)
class CodeSnapshot:
    """What goes up with an asset: its digest (64 hex) and its files, in the order of the digest."""

    hash: str
    files: tuple[CodeFile, ...]

    def files_with_carriage_returns(self) -> tuple[CodeFile, ...]:
        """Text files with CRLF line ends: another checkout has other bytes and so another version."""
        return tuple(file for file in self.files if _has_carriage_returns(file.path))


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
    if includes:
        return _snapshot(_merged(path, includes, ignores))
    if path.is_file():
        actual = path.resolve() if path.is_symlink() else path
        return _snapshot([(actual.name, actual)])
    return _snapshot(_files_in(path, _Ignore.at(path.resolve(), ignores)))


def hash_data(path: Path) -> CodeSnapshot:
    """Snapshot of local data or of a model: as ``hash_code``, without the rules that only code has."""
    return hash_code(path, ignores=())


class _Ignore:
    """Patterns of one ignore file; as in azure-ai-ml the last pattern that matches decides."""

    def __init__(self, base: Path, lines: Iterable[str], outer: Sequence[_Ignore] = ()) -> None:
        # Imported here: it takes as long as the rest of this package, and who hashes no files does without.
        from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

        self.base = base
        self.outer = outer
        self._patterns = [GitIgnoreSpecPattern(line) for line in lines]

    @classmethod
    def at(cls, folder: Path, ignores: Sequence[str], outer: Sequence[_Ignore] = ()) -> _Ignore:
        found = next((folder / name for name in IGNORE_FILES if (folder / name).exists()), None)
        return cls(folder, [*_rules_in(found), *ignores], outer)

    def excludes(self, path: Path) -> bool:
        if any(ignore.excludes(path) for ignore in self.outer):
            return True
        from pathspec.util import normalize_file

        name = normalize_file(os.path.relpath(path, self.base))
        excluded = False
        for pattern in self._patterns:
            if pattern.include is not None and pattern.match_file(name) is not None:
                excluded = pattern.include
        return excluded


def _rules_in(file: Path | None) -> list[str]:
    return [line.rstrip() for line in file.read_text("utf-8-sig").split("\n")] if file else []


def _files_in(folder: Path, ignore: _Ignore) -> Iterator[tuple[str, Path]]:
    for root, _, names in os.walk(folder, followlinks=True):
        resolved = Path(root).resolve()
        prefix = Path(root).relative_to(folder)
        for name in names:
            if not ignore.excludes(resolved / name):
                file = resolved / name
                yield (prefix / name).as_posix(), file.resolve() if file.is_symlink() else file


def _merged(path: Path, includes: Sequence[Path], ignores: Sequence[str]) -> list[tuple[str, Path]]:
    """Code and includes as azure-ai-ml lays them into one folder; a later file of one name wins."""
    found: dict[str, Path] = {}
    source = path.resolve()
    if source.is_file():
        root = _Ignore(source.parent, ignores)
        found[source.name] = source
    else:
        root = _Ignore.at(source, ignores)
        found.update(_copied(source, "", root, ignores))
    for include in includes:
        resolved = include.resolve()
        root.base = resolved.parent
        if not resolved.exists():
            raise FileNotFoundError(resolved)
        ignore = root if resolved.is_file() else _Ignore.at(resolved, ignores, (root,))
        found.update(_copied(resolved, resolved.name, ignore, ignores))
    rules = next((found[name] for name in IGNORE_FILES if name in found), None)
    final = _Ignore(Path("/merged"), [*_rules_in(rules), *ignores])
    return [(name, file) for name, file in found.items() if not final.excludes(final.base / name)]


def _copied(path: Path, name: str, ignore: _Ignore, ignores: Sequence[str]) -> Iterator[tuple[str, Path]]:
    if ignore.excludes(path):
        return
    if path.is_file():
        yield name, path.resolve()
        return
    for child in sorted(path.iterdir()):
        inner = ignore if child.is_file() else _Ignore.at(child, ignores, (*ignore.outer, ignore))
        yield from _copied(child, f"{name}/{child.name}" if name else child.name, inner, ignores)


def _snapshot(files: Iterable[tuple[str, Path]]) -> CodeSnapshot:
    ordered = sorted(files, key=lambda file: file[0].lower())
    listed = tuple(CodeFile(name=name, path=path, size=path.stat().st_size) for name, path in ordered)
    digest = hashlib.sha256(str(len(listed)).encode())
    for file in listed:
        digest.update(f"#{file.name}#{file.size}".encode())
    for file in listed:
        with file.path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    return CodeSnapshot(hash=digest.hexdigest(), files=listed)


def _has_carriage_returns(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(_CHUNK)
    return b"\r\n" in head and b"\0" not in head
