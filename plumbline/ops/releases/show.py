"""`plumbline releases show`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from plumbline.ops.errors import FOUND, UserError
from plumbline.ops.output import output_options, print_answer
from plumbline.ops.stack_file import project_root, read_stack_file

PINS = {"Kind": "kind", "Version": "reference", "Content hash": "content_hash", "Code hash": "code_hash"}
PROOF = {
    "Kind": "kind",
    "Version": "reference",
    "Expected": "expected_hash",
    "Live": "live_hash",
    "Holds": "holds",
    "Why not": "problem",
}


@click.command("show")
@click.option("--stack", "-s", required=True, help="The stack.")
@click.option("--pipeline", metavar="NAME", help="One pipeline. Default: all that the lock holds.")
@click.option(
    "--live", is_flag=True, help="Prove it: read schedule and pins as they are live, hashed again, code too."
)
@output_options
def command(stack: str, pipeline: str | None, live: bool, output: str, query: str | None) -> None:
    """Show what a stack's lock pins, or with --live whether the stack holds it.

    \b
    Exit codes: 0; with --live 3 when something does not hold.
    Example: plumbline releases show --stack prod --live
    """
    project = project_root()
    read_stack_file(project, stack)
    if live:
        if not print_proof(project, stack, pipeline, output=output, query=query):
            raise SystemExit(FOUND)
        return
    from plumbline.ops.promotion.origin import stack_lock

    lock = stack_lock(project, stack)
    releases = [one for one in (lock.releases if lock else ()) if pipeline in (None, one.pipeline)]
    if not releases:
        raise UserError(f"stack {stack}: lock: got no release of {pipeline or 'any pipeline'}, expected one.")
    if output == "json" or query is not None:
        print_answer(
            [one.model_dump(mode="json") for one in releases], output=output, query=query, columns={}
        )
        return
    for release in releases:
        approved = f"approved by {release.approval.name}" if release.approval else "approved by nobody"
        click.echo(
            f"{release.pipeline} {release.release}, from {release.promoted_from} at {release.promoted_at}, {approved}; "
            f"before: {release.before.release if release.before else 'none'}",
            err=True,
        )
    rows = [pin.model_dump(mode="json") for one in releases for pin in one.pins]
    print_answer(rows, output=output, query=query, columns=PINS)


def print_proof(project: Path, stack: str, pipeline: str | None, *, output: str, query: str | None) -> bool:
    """Print what a stack holds, hash by hash; answers whether all of its lock is live.

    Raises: UserError: the stack has no lock.
    """
    from plumbline.ops.azure_session import AzureSession
    from plumbline.ops.promotion.origin import stack_lock
    from plumbline.ops.promotion.proof import prove
    from plumbline.ops.target import enter_target

    lock = stack_lock(project, stack)
    if lock is None:
        raise UserError(f"stack {stack}: lock: got none, expected one that was promoted.")
    session = AzureSession(enter_target(stack))
    found = prove(session, lock, pipeline=pipeline)
    rows: list[dict[str, Any]] = [{**asdict(one), "holds": one.holds} for one in found]
    print_answer(rows, output=output, query=query, columns=PROOF)
    odd = [one for one in found if not one.holds]
    verdict = f"does not hold {len(odd)} of {len(found)}" if odd else f"holds all {len(found)}"
    click.echo(f"\nStack {stack} {verdict} that its lock names.", err=True)
    return not odd
