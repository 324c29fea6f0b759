"""`plumbline releases list`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumbline.ops.output import output_options, print_answer
from plumbline.ops.stack_file import project_root

if TYPE_CHECKING:
    from plumbline.assets.lock import Release

COLUMNS = {
    "Stack": "stack",
    "Pipeline": "pipeline",
    "Release": "release",
    "Promoted": "promoted_at",
    "By": "promoted_by",
    "Approved by": "approved_by",
    "Commit": "commit",
    "Before": "before",
}


@click.command("list")
@click.option("--stack", "-s", help="One stack. Default: every stack that has a lock.")
@click.option("--history", is_flag=True, help="The releases before, too, as git keeps them.")
@output_options
def command(stack: str | None, history: bool, output: str, query: str | None) -> None:
    """List the releases that locks pin, offline.

    \b
    Example: plumbline releases list --stack prod --history
    """
    from plumbline.ops.promotion.history import kept_locks
    from plumbline.ops.promotion.origin import stack_lock

    project = project_root()
    rows: list[dict[str, Any]] = []
    for name in [stack] if stack else _stacks(project):
        lock = stack_lock(project, name)
        seen = set()
        for release in lock.releases if lock else ():
            seen.add(release.digest)
            rows.append(_row(name, release, in_force=True))
        for kept in kept_locks(project, name) if history else ():
            for release in kept.lock.releases:
                if release.digest not in seen:
                    seen.add(release.digest)
                    rows.append(_row(name, release, in_force=False))
    print_answer(
        rows, output=output, query=query, columns=COLUMNS, empty="No lock: nothing was promoted yet."
    )


def _stacks(project: Path) -> list[str]:
    return sorted(path.stem for path in (project / "stacks" / "locks").glob("*.yaml"))


def _row(stack: str, release: Release, *, in_force: bool) -> dict[str, Any]:
    return {
        "stack": stack,
        "pipeline": release.pipeline,
        "release": release.release,
        "in_force": in_force,
        "promoted_from": release.promoted_from,
        "promoted_at": release.promoted_at,
        "promoted_by": release.promoted_by,
        "approved_by": release.approval.name if release.approval else None,
        "commit": release.source.commit[:12],
        "override": release.override.reason if release.override else None,
        "before": release.before.release if release.before else None,
    }
