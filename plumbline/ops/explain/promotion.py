"""`plumbline explain promotion`."""

from __future__ import annotations

from pathlib import Path

import click

from plumbline.ops.errors import FOUND
from plumbline.ops.output import output_options
from plumbline.ops.promotion.options import promotion_options
from plumbline.ops.stack_file import project_root, read_stack_file


@click.command("promotion")
@promotion_options
@output_options
def command(
    pipeline: str,
    from_stack: str,
    to_stack: str,
    job: str | None,
    evidence: Path | None,
    branch: str,
    output: str,
    query: str | None,
) -> None:
    """Say what stands between PIPELINE's release and the next stack: every refusal of a promotion, with its next step.

    Reads only: nothing is published, and no lock is written.

    \b
    Exit codes: 0 nothing stands in its way, 3 it would be refused, 1 anything else.
    Example: plumbline explain promotion claims_release --from dev --to staging
    """
    from plumbline.ops.explain.answer import Answer, Reason, print_answers
    from plumbline.ops.promotion.judging import Wanted, refusals_of

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
    )
    refusals = refusals_of(project, wanted)
    way = f"{pipeline} from {from_stack} to {to_stack}"
    count = f"{len(refusals)} reason{'' if len(refusals) == 1 else 's'}"
    answer = Answer(
        subject=pipeline,
        says=f"The promotion of {way} would be refused, for {count}:"
        if refusals
        else f"Nothing stands in the way of a promotion of {way}.",
        reasons=tuple(
            Reason(part=f"{one.code}: {one.reason.rstrip('.')}", lines=(one.next_step,)) for one in refusals
        ),
    )
    print_answers("promotion", [answer], output=output, query=query)
    if refusals:
        raise SystemExit(FOUND)
