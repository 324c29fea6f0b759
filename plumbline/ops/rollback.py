"""`plumbline rollback`: the release before, by the checkpoint that the lock names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plumbline.ops.errors import FOUND, UserError
from plumbline.ops.output import output_options
from plumbline.ops.stack_file import project_root, read_stack_file

if TYPE_CHECKING:
    from plumbline.assets.lock import Release


@click.command("rollback")
@click.option("--stack", "-s", required=True, help="The stack whose release is taken back.")
@click.option("--pipeline", metavar="NAME", help="Which pipeline. Default: the one that the lock holds.")
@click.option(
    "--up", is_flag=True, help="Run `pulumi up` afterwards, and end with the proof of what is live."
)
@output_options
def command(stack: str, pipeline: str | None, up: bool, output: str, query: str | None) -> None:
    """Write the lock that held before, and prove what the stack holds.

    The release in the lock names the one that it replaced, by digest; git holds the lock that it was in. The registry is
    asked whether it holds every pin of that release, code included, before anything is written. Without --up the lock is
    for a pull request.

    \b
    Exit codes: 0 restored (with --up: live as the lock says), 3 the stack does not hold it, 1 anything else.
    Example: plumbline rollback --stack prod --up
    """
    from plumbline.ops.promotion.history import release_before
    from plumbline.ops.promotion.holder import holding_stack
    from plumbline.ops.promotion.restoring import restore
    from plumbline.ops.releases.show import print_proof

    project = project_root()
    read_stack_file(project, stack)
    with holding_stack(project, stack, "rollback", _say):
        release = _release(project, stack, pipeline)
        commit, before = release_before(project, stack, release)
        path = restore(project, stack, release, before)
    _say(
        f"{path}: {before.pipeline} is release {before.release} again, as commit {commit[:12]} has it; it was {release.release}."
    )
    if up:
        _bring_up(project, stack)
    holds = print_proof(project, stack, before.pipeline, output=output, query=query)
    if not up:
        _say(f"Next: commit it, open a pull request, and once merged: pulumi up -s {stack}")
    elif not holds:
        raise SystemExit(FOUND)


def _bring_up(project: Path, stack: str) -> None:
    words = ["pulumi", "up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive"]
    # The engine's talk goes to stderr: stdout is the proof's.
    if subprocess.run(words, cwd=project, stdout=sys.stderr, check=False).returncode:
        raise UserError(
            f"stack {stack}: pulumi up: got a failure, expected an update. The lock is restored; run it again."
        )


def _release(project: Path, stack: str, pipeline: str | None) -> Release:
    from plumbline.ops.promotion.origin import stack_lock

    lock = stack_lock(project, stack)
    if lock is None:
        raise UserError(
            f"stack {stack}: lock: got none, expected one that was promoted. Nothing can be taken back."
        )
    names = [one.pipeline for one in lock.releases]
    if pipeline is None and len(names) != 1:
        raise UserError(f"--pipeline: got none, expected one of {', '.join(names)}: the lock holds several.")
    release = lock.release_of(pipeline or names[0])
    if release is None:
        raise UserError(f"--pipeline: got {pipeline!r}, expected one of {', '.join(names)}.")
    return release


def _say(line: str) -> None:
    click.echo(line, err=True)
