"""`plumbline model approve`."""

from __future__ import annotations

import click

from plumbline.ops.job.options import Place, job_name, place_options
from plumbline.ops.output import output_options, print_answer

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
    help="Approve although the run was submitted with uncommitted changes.",
)
@place_options
@output_options
def command(
    job: str, note: str | None, allow_uncommitted: bool, place: Place, output: str, query: str | None
) -> None:
    """Approve a run for release, as a reviewer who did not submit it.

    The verdict is computed anew from the run's metrics and the registered thresholds. The approval is a data asset
    version that your own login writes, named after the digest of what you approve: metrics, verdict, model weights,
    component versions, data versions. You need Storage Blob Data Reader and may write data assets.

    \b
    Exit codes: 0 approved, 3 the metrics miss a threshold, 1 anything else that refuses.
    Example: plumbline model approve claims-release-885320a146 --note "table of groups read" --stack local
    """
    from plumbline.ops.release.approve import approve

    session = place.session()
    done = approve(session, job, note=note, uncommitted_allowed=allow_uncommitted)
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
