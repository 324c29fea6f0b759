"""Which files and lines of an asset's code changed since the base: what a new version is made of."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from plumbline.assets import AssetDefinition
from plumbline.ops.checkout import AS_TEXT, git_environ
from plumbline.ops.visible import visible

_SECONDS = 60
_HUNK = "@@"


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """One changed file: how many lines, and the hunks as `git diff` shows them."""

    path: str
    added: int
    removed: int
    lines: tuple[str, ...]

    @property
    def first_line(self) -> int:
        """The first changed line in the new file; 1 when the file is new or binary."""
        for line in self.lines:
            if line.startswith(_HUNK):
                at = line.split("+", 1)[1].split(" ", 1)[0].split(",")[0]
                return max(1, int(at))
        return 1


@dataclass(frozen=True, kw_only=True)
class CodeChanges:
    """Every file of the project that differs from a base.

    Attributes:
        base: What was compared with; empty when there is nothing to compare with, and `missing` says why.
    """

    base: str
    files: Mapping[str, FileChange]
    missing: str = ""

    def of(self, paths: Iterable[str]) -> tuple[FileChange, ...]:
        """The changed files among some paths; a folder stands for all that lies in it."""
        wanted = tuple(paths)
        return tuple(
            change
            for name, change in self.files.items()
            if any(name == path or name.startswith(f"{path.rstrip('/')}/") for path in wanted)
        )


def merge_base(project: Path, base: str | None) -> tuple[str, str]:
    """The commit to compare with, and why there is none: one of the two is empty.

    Args:
        base: A branch, tag or commit; None for the first of origin/HEAD, origin/main and main that is there.
    """
    if _git(project, "rev-parse", "--git-dir") is None:
        return "", "this project lies in no git checkout"
    for name in [base] if base else ["origin/HEAD", "origin/main", "main"]:
        found = _git(project, "merge-base", "HEAD", "--end-of-options", name)
        if found:
            return found.strip(), ""
    return "", f"git finds no {base or 'main'} that this branch left: fetch it, or name another --base"


def code_changes(project: Path, base: str | None) -> CodeChanges:
    """What the checkout, with what is not committed yet, holds differently from the commit where it left the base.

    Source: git 2.39 documentation of diff, merge-base, ls-files.
    """
    commit, missing = merge_base(project, base)
    if not commit:
        return CodeChanges(base="", files={}, missing=missing)
    text = (
        _git(
            project,
            "-c",
            "core.quotePath=false",
            "diff",
            *AS_TEXT,
            "--no-renames",
            "--relative",
            "-U1",
            commit,
            "--",
        )
        or ""
    )
    files = {change.path: change for change in _parsed(text)}
    for name in (_git(project, "ls-files", "--others", "--exclude-standard", "-z") or "").split("\0"):
        if name and (project / name).is_file():
            files[name] = _new_file(project, name)
    return CodeChanges(base=commit, files=files)


def files_of(project: Path, definition: AssetDefinition) -> tuple[str, ...]:
    """The paths that an asset is made of: its YAML, its code, what that includes, and its conda file."""
    found = [definition.source, definition.code_path, *definition.includes]
    if definition.kind == "environment":
        found.append(_conda_file(project, definition.source))
    return tuple(dict.fromkeys(path for path in found if path))


def _conda_file(project: Path, source: str) -> str | None:
    document: Any = yaml.safe_load((project / source).read_text(encoding="utf-8"))
    name = document.get("conda_file") if isinstance(document, Mapping) else None
    if not isinstance(name, str):
        return None
    path = ((project / source).parent / name).resolve()
    return path.relative_to(project.resolve()).as_posix() if path.is_relative_to(project.resolve()) else None


def _parsed(text: str) -> Iterable[FileChange]:
    for part in text.split("\ndiff --git ") if text else ():
        lines = part.split("\n")
        begin = next((at for at, line in enumerate(lines) if line.startswith(_HUNK)), len(lines))
        # Before the first hunk only: a line of the file itself may look like a name, too.
        names = [_unquoted(line[4:]) for line in lines[:begin] if line.startswith(("--- ", "+++ "))]
        path = next((name.partition("/")[2] for name in reversed(names) if name != "/dev/null"), "")
        if not path:
            path = _unquoted(lines[0]).rpartition(" b/")[2]
        body = [line for line in lines[begin:] if line]
        yield FileChange(
            path=path,
            added=sum(line.startswith("+") for line in body),
            removed=sum(line.startswith("-") for line in body),
            lines=tuple(visible(line) for line in body),
        )


def _unquoted(name: str) -> str:
    """A path as git writes it in a header: a tab ends one that has blanks, quotes and escapes are around odd ones."""
    name = name.removesuffix("\t")
    if not name.startswith('"'):
        return name
    escaped = name.strip('"').encode().decode("unicode_escape")
    return escaped.encode("latin-1", "replace").decode("utf-8", "replace")


def _new_file(project: Path, name: str) -> FileChange:
    content = (project / name).read_bytes()
    text = "" if b"\0" in content else content.decode("utf-8", errors="replace")
    lines = text.removesuffix("\n").split("\n") if text else []
    shown = (f"@@ -0,0 +1,{len(lines)} @@", *(visible(f"+{line}") for line in lines)) if lines else ()
    return FileChange(path=name, added=len(lines), removed=0, lines=shown)


def _git(folder: Path, *words: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", *words], cwd=folder, check=False, capture_output=True, timeout=_SECONDS, env=git_environ()
        )  # fmt: skip
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    # As bytes: a carriage return in a file ends no line of the answer.
    return answer.stdout.decode(errors="replace") if answer.returncode == 0 else None
