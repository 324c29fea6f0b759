"""`plumbline promote`: a release one stack further, through the registry and a lock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumbline.ops.errors import UsageError
from plumbline.ops.kept_words import kept_words
from plumbline.ops.output import output_options, print_answer
from plumbline.ops.promotion.options import promotion_options
from plumbline.ops.stack_file import project_root, read_stack_file

if TYPE_CHECKING:
    from plumbline.ops.promotion.judging import Wanted
    from plumbline.ops.promotion.promote import Promotion

COLUMNS = {"Kind": "kind", "Version": "reference", "Content hash": "live_hash", "Registry holds it": "holds"}


@click.command("promote")
@promotion_options
@click.option(
    "--despite-drift",
    "named_drift",
    multiple=True,
    metavar="RESOURCE",
    help="A resource of the target whose drift is known; written into the lock.",
)
@click.option("--override", "reason", metavar="REASON", help="Promote against refusals; kept in the lock.")
@click.option("--owner", metavar="NAME", help="Who answers for the override.")
@output_options
def command(
    pipeline: str,
    from_stack: str,
    to_stack: str,
    job: str | None,
    evidence: Path | None,
    branch: str,
    named_drift: tuple[str, ...],
    reason: str | None,
    owner: str | None,
    output: str,
    query: str | None,
) -> None:
    """Verify a pipeline's release, publish what the registry does not hold, and write the target's lock.

    Verified first, every refusal at once: the versions are there with these hashes; a green run of the very same digests,
    its evidence whole and its gate passed; an approval by another person; the commit on the branch and the checkout clean;
    the target without drift; owner, signal, escalation and rollback named; inside the change window.

    The registry's versions are immutable and belong to no stack. stacks/locks/STACK.yaml is for a pull request; once
    merged, `pulumi up -s STACK` moves the schedules.

    \b
    Exit codes: 0 the lock is written, or holds it already; 3 refused; 1 anything else.
    Example: plumbline promote claims_release --from dev --to staging
    """
    from plumbline.ops.promotion.judging import Wanted
    from plumbline.ops.promotion.promote import promote

    if (reason is None) != (owner is None):
        raise UsageError(
            "--override: got one of --override and --owner, expected both: a reason and who answers for it."
        )
    if from_stack == to_stack:
        raise UsageError(f"--to: got {to_stack!r}, expected another stack than --from.")
    override = None
    if reason is not None and owner is not None:
        override = kept_words("--override", reason, least=8), kept_words("--owner", owner, least=3)
    project = project_root()
    for name in (from_stack, to_stack):
        read_stack_file(project, name)
    wanted = Wanted(
        pipeline=pipeline,
        from_stack=from_stack,
        to_stack=to_stack,
        job=job,
        evidence=evidence,
        branch=branch,
        named_drift=tuple(kept_words("--despite-drift", one) for one in named_drift),
        override=override,
    )
    done = promote(project, wanted, lambda line: click.echo(line, err=True))
    answer = _answer(done, project)
    print_answer(
        answer if output == "json" or query else answer["pins"], output=output, query=query, columns=COLUMNS
    )
    for line in _closing(done, wanted, project):
        click.echo(line, err=True)


def _answer(done: Promotion, project: Path) -> dict[str, Any]:
    release = done.release
    return {
        "schemaVersion": 1,
        "pipeline": release.pipeline,
        "release": release.release,
        "lock": done.lock.relative_to(project).as_posix(),
        "changed": done.is_new,
        "before": release.before.release if release.before else None,
        "published": list(done.published),
        "override": release.override.reason if release.override else None,
        "pins": [
            {
                "kind": one.kind,
                "reference": one.reference,
                "content_hash": one.expected_hash,
                "live_hash": one.live_hash,
                "holds": not one.problems,
            }
            for one in done.findings
        ],
    }


def _closing(done: Promotion, wanted: Wanted, project: Path) -> list[str]:
    lock = done.lock.relative_to(project).as_posix()
    if not done.is_new:
        return [f"\n{lock} holds release {done.release.release} already: nothing was written."]
    before = f", before it {done.release.before.release}" if done.release.before else ", the first one"
    lines = [f"\n{lock}: {wanted.pipeline} is release {done.release.release}{before}."]
    if done.release.override:
        lines.append(
            f"Overridden by {done.release.override.owner}: {len(done.release.override.refusals)} refused, recorded."
        )
    return [*lines, f"Next: commit it, open a pull request, and once merged: pulumi up -s {wanted.to_stack}"]
