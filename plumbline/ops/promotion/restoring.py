"""Writes the lock of a release before, once the registry still holds all of it."""

from __future__ import annotations

from pathlib import Path

from plumbline.assets.lock import Release, lock_path, sealed
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.checkout import uncommitted
from plumbline.ops.errors import UserError
from plumbline.ops.promotion.origin import stack_lock
from plumbline.ops.promotion.registry import RegistryReading, registry_named
from plumbline.ops.promotion.writing import consumed_registry, write_lock
from plumbline.ops.target import enter_target


def restore(project: Path, stack: str, release: Release, before: Release) -> str:
    """Put a release back into the stack's lock, member by member as it was; answers the lock's path.

    Raises: UserError: the lock has changes that no commit holds, or the registry no longer holds the release.
    """
    path = lock_path(project, stack)
    shown = path.relative_to(project).as_posix()
    if uncommitted(project, (shown,)):
        raise UserError(
            f"{shown}: got changes that no commit holds, expected none: what is in force is not what a commit says. "
            f"Restore it (git checkout -- {shown}) or commit it."
        )
    session = AzureSession(enter_target(stack))
    reading = RegistryReading(
        session, registry_named(session, consumed_registry(project, stack)), downloads=True
    )
    problems = [problem for one in reading.findings(before.pins) for problem in one.problems]
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise UserError(
            f"stack {stack}: rollback to {before.release}: got a registry that does not hold it:\n{lines}\nNothing was "
            "written. Restore what was archived, then try again."
        )
    lock = stack_lock(project, stack)
    assert lock is not None, "a release of it was read"
    others = [one for one in lock.releases if one.pipeline != release.pipeline]
    write_lock(path, sealed(stack=stack, registry=lock.registry, releases=[*others, before]))
    return shown
