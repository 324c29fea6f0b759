"""Releases that a stack ran before: the locks that git keeps, each read as strictly as the one in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plumbline.assets.lock import Lock, LockError, Release, lock_path, read_lock_text
from plumbline.ops.checkout import fetch_command, file_before
from plumbline.ops.errors import UserError

_MOST = 200


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A lock as a commit holds it."""

    commit: str
    lock: Lock


def kept_locks(project: Path, stack: str) -> Iterator[Kept]:
    """The stack's locks in the commits of the checked out branch, newest first; what is no lock is passed over."""
    path = lock_path(project, stack).relative_to(project).as_posix()
    for commit, content in file_before(project, path, most=_MOST):
        try:
            yield Kept(
                commit=commit, lock=read_lock_text(content, stack=stack, where=f"{commit[:12]}:{path}")
            )
        except LockError:
            continue


def release_before(project: Path, stack: str, release: Release) -> tuple[str, Release]:
    """The commit and the release that a release replaced, by the checkpoint that it names itself.

    Raises: UserError: it is the first, or git does not hold the lock that it names.
    """
    before = release.before
    if before is None:
        pauses = ", ".join(f"az ml schedule disable --name {one.name}" for one in release.schedules)
        raise UserError(
            f"stack {stack}: {release.pipeline}: got {release.release}, the first release, expected one before it. Pause its "
            f"schedule instead: {pauses}"
        )
    for kept in kept_locks(project, stack):
        for one in kept.lock.releases:
            if one.pipeline == release.pipeline and one.digest == before.digest:
                return kept.commit, one
    raise UserError(
        f"stack {stack}: {release.pipeline}: got no commit whose lock holds {before.release} (digest {before.digest}), "
        f"expected one on the checked out branch. Fetch its history: {fetch_command(project)}"
    )
