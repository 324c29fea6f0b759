"""The git checkout that a project lies in: which commit, on which branch, what it holds, what changed between two.

Source: git 2.39 documentation of rev-parse, for-each-ref, read-tree, checkout-index, diff.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNKNOWN = "unknown"
DIRTY = "+dirty"
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SECONDS = 60
_LOGIN = re.compile(r"://[^/@]*@")
# What a hook or a shell may say of another repository, index or history than the folder's own.
_ELSEWHERE = frozenset({
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE",
})  # fmt: skip
# A commit means what its id says: nothing that this machine puts in its place, and no parents that it was given here.
_AS_COMMITTED = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": os.devnull}
# Lines are shown whatever `.gitattributes` or this machine's settings say of a file.
AS_TEXT = ("--no-color", "--no-ext-diff", "--no-textconv", "--text", "--ignore-submodules=none")


def source_commit(folder: Path) -> str:
    """The commit checked out in a folder, with `+dirty` when files differ from it; `unknown` outside of git."""
    head = _git(folder, "rev-parse", "HEAD")
    if head is None:
        return UNKNOWN
    return f"{head.strip()}{DIRTY}" if _git(folder, "status", "--porcelain") else head.strip()


def uncommitted(folder: Path, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Files below some paths that differ from the commit that is checked out, or that it does not hold."""
    listed = (
        _git(folder, "status", "--porcelain", "--no-renames", "--untracked-files=all", "--", *paths) or ""
    )
    return tuple(line[3:].strip('"') for line in listed.splitlines())


def file_before(folder: Path, path: str, *, most: int) -> Iterator[tuple[str, bytes]]:
    """(commit, content) of a file in the commits of the checked out branch that changed it, the newest first."""
    found = _git(folder, "log", f"--max-count={most}", "--format=%H", "HEAD", "--", path) or ""
    for commit in found.split():
        answer = subprocess.run(
            ["git", "cat-file", "blob", f"{commit}:./{path}"],
            cwd=folder,
            check=False,
            capture_output=True,
            timeout=_SECONDS,
            env=git_environ(),
        )
        if answer.returncode == 0:
            yield commit, answer.stdout


def git_properties(folder: Path) -> dict[str, str]:
    """What azure-ai-ml notes of the checkout in a job's properties, under its names; nothing outside of git.

    Source: azure-ai-ml 1.35.2 `get_git_properties`.
    """
    asked = {
        "mlflow.source.git.repoURL": ("ls-remote", "--get-url"),
        "mlflow.source.git.branch": ("symbolic-ref", "--short", "HEAD"),
        "mlflow.source.git.commit": ("rev-parse", "HEAD"),
    }
    answers = {name: (_git(folder, *words) or "").strip() for name, words in asked.items()}
    # A remote may be written with a token in it; a job's properties are read by many.
    answers["mlflow.source.git.repoURL"] = _LOGIN.sub("://", answers["mlflow.source.git.repoURL"])
    found = {name: answer for name, answer in answers.items() if answer}
    if found:
        found["azureml.git.dirty"] = str(bool((_git(folder, "status", "--porcelain", ".") or "").strip()))
    return found


def commits_of(folder: Path, path: str, *, most: int) -> tuple[str, ...]:
    """The checked out commit, then the newest before it that changed a path; nothing outside of git."""
    found = _git(folder, "log", f"--max-count={most}", "--format=%H", "HEAD", "--", path)
    head = _git(folder, "rev-parse", "HEAD")
    return tuple(dict.fromkeys([*(head or "").split(), *(found or "").split()]))


def is_commit(text: str) -> bool:
    """Whether a text is a whole commit id, and so safe to hand to git."""
    return _COMMIT.fullmatch(text) is not None


def has_commit(folder: Path, commit: str) -> bool:
    """Whether the checkout's repository holds a commit."""
    return _git(folder, "cat-file", "-e", f"{commit}^{{commit}}") is not None


def fetch_command(folder: Path) -> str:
    """The command that fetches a commit which the checkout's repository does not hold."""
    is_shallow = (_git(folder, "rev-parse", "--is-shallow-repository") or "").strip() == "true"
    return "git fetch --unshallow" if is_shallow else "git fetch --all"


def branches_with(folder: Path, commit: str) -> tuple[str, ...]:
    """Branches of the remotes that hold a commit; of the repository itself when it has no remote.

    What else lies below `refs/remotes`, such as a pull request's merge that a workflow fetched, is no branch.
    """
    remotes = (_git(folder, "remote") or "").split()
    places = [f"refs/remotes/{remote}" for remote in remotes] or ["refs/heads"]
    found = _git(folder, "for-each-ref", "--format=%(refname:lstrip=2)", "--contains", commit, *places)
    return tuple((found or "").split())


def branch_names(folder: Path, branch: str) -> tuple[str, ...]:
    """What `branches_with` calls a branch: of each remote by its whole name, so that `topic/main` is not `main`."""
    remotes = (_git(folder, "remote") or "").split()
    return (branch, *(f"{remote}/{branch}" for remote in remotes))


@contextmanager
def exported(folder: Path, commit: str) -> Iterator[Path]:
    """The same folder as a commit has it, in a temporary place, with line ends and filters as a checkout has them.

    Raises: CalledProcessError: git cannot lay it out.
    """
    prefix = (_git(folder, "rev-parse", "--show-prefix") or "").strip()
    with tempfile.TemporaryDirectory(prefix="plumbline-commit-") as place:
        tree = Path(place) / "tree"
        tree.mkdir()
        # An index of its own: the checkout's is not touched.
        environ = {**git_environ(), "GIT_INDEX_FILE": str(Path(place) / "index")}
        top = Path((_git(folder, "rev-parse", "--show-toplevel") or str(folder)).strip())
        for words in (("read-tree", commit), ("checkout-index", "--all", "--force", f"--prefix={tree}/")):
            subprocess.run(
                ["git", *words], cwd=top, env=environ, check=True, capture_output=True, timeout=_SECONDS
            )
        yield tree / prefix


def changed_lines(folder: Path, old: str, new: str, paths: tuple[str, ...]) -> str:
    """`git diff` between two commits, of paths relative to the folder."""
    return _git(folder, "diff", *AS_TEXT, "--relative", "-U1", old, new, "--", *paths) or ""


def git_environ() -> dict[str, str]:
    """This process's variables for git in a folder: without those that lead it elsewhere, or make history say otherwise.

    Source: git 2.39 documentation of git, "Environment Variables"; of replace; gitglossary, "grafts".
    """
    return {name: value for name, value in os.environ.items() if name not in _ELSEWHERE} | _AS_COMMITTED


def _git(folder: Path, *words: str) -> str | None:
    """What git prints; None when it refuses, is not there, or takes too long."""
    try:
        answer = subprocess.run(
            ["git", *words],
            cwd=folder,
            check=False,
            capture_output=True,
            timeout=_SECONDS,
            env=git_environ(),
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    # As bytes: a carriage return in a file ends no line of the answer.
    return answer.stdout.decode(errors="replace") if answer.returncode == 0 else None
