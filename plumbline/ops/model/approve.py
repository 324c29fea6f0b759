"""`plumbline model approve`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from plumbline.ops.job.options import Place, job_name, place_options
from plumbline.ops.output import output_options, print_answer

if TYPE_CHECKING:
    from plumbline.ops.release.candidate import Candidate
    from plumbline.ops.release.committed import CommittedRun

COLUMNS = {
    "Job": "job",
    "Approved by": "approver",
    "At": "approved_at",
    "Approval": "approval",
    "Digest": "digest",
}


@click.command("approve")
@job_name
@click.option("--note", help="What a reader of the evidence should know; at most 256 characters.")
@click.option(
    "--allow-uncommitted",
    is_flag=True,
    help="In a rehearsal: approve although no commit on a branch holds what ran.",
)
@click.option(
    "--digest",
    metavar="DIGEST",
    help="Refuse unless the run's digest still is this one, as its evidence says it.",
)
@click.option("--once", is_flag=True, help="End well when an approval that counts is there already.")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.IntRange(0, 3600),
    default=0,
    metavar="SECONDS",
    help="Wait that long for the activity log to name who approved; it shows an entry minutes late.",
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask after the changes were shown.")
@place_options
@output_options
def command(
    job: str,
    note: str | None,
    allow_uncommitted: bool,
    digest: str | None,
    once: bool,
    wait_seconds: int,
    yes: bool,
    place: Place,
    output: str,
    query: str | None,
) -> None:
    """Approve a run for release, as a reviewer who did not submit it.

    What ran must be what its commit holds: the definitions are taken from this repository and hashed. What changed in
    the code of each step since the release before is shown first, the gate's and the evaluation's at the top.

    The verdict is recomputed from the run's metrics and the registered thresholds. The approval is a data asset
    version that your own login writes, named after the digest of what you approve: metrics, verdict, model weights,
    component versions, data versions. You need Storage Blob Data Reader and may write data assets.

    People approve. An application does only where release.yml lists its object id under approval.approvers: that of a
    workflow whose environment asks people first.

    \b
    Exit codes: 0 approved, 3 the metrics miss a threshold, 1 anything else that refuses.
    Example: plumbline model approve claims-release-885320a146 --note "table of groups read" --stack local
    """
    from plumbline.ops.release.approve import approve
    from plumbline.ops.release.code_changes import release_before, shown_changes
    from plumbline.ops.stack_file import project_root

    session = place.session()

    def look(candidate: Candidate, committed: CommittedRun) -> None:
        for line in shown_changes(project_root(), candidate, committed, release_before(session, candidate)):
            click.echo(line, err=True)
        if not yes and sys.stdin.isatty():
            click.confirm(f"Approve job {candidate.name}?", abort=True, err=True)

    done = approve(
        session,
        job,
        note=note,
        uncommitted_allowed=allow_uncommitted,
        digest=digest,
        once=once,
        wait_seconds=wait_seconds,
        look=look,
    )
    answer = {
        "job": done.candidate.name,
        "approver": done.approval.approver,
        "approver_type": done.approval.approver_type,
        "approved_at": done.approval.approved_at,
        "approval": done.approval.reference,
        "digest": done.candidate.digest,
        "note": done.approval.note,
        "rehearsal": session.target.is_emulated,
    }
    if session.target.is_emulated:
        click.echo(
            "A rehearsal: this cloud is emulated, the approval releases nothing outside of it.", err=True
        )
    print_answer(answer, output=output, query=query, columns=COLUMNS)
