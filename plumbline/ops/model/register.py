"""`plumbline model register`."""

from __future__ import annotations

import click

from plumbline.ops.job.options import Place, place_options
from plumbline.ops.output import output_options, print_answer

COLUMNS = {
    "Name": "name",
    "Version": "version",
    "Job": 'tags."plumbline.job"',
    "Approved by": 'tags."plumbline.approver"',
    "Digest": 'tags."plumbline.digest"',
}


@click.command("register")
@click.argument("job")
@click.option(
    "--name",
    "-n",
    metavar="MODEL",
    help="The model's name, as release.yml has it. Default: that.",
)
@click.option(
    "--allow-uncommitted",
    is_flag=True,
    help="In a rehearsal: register although no commit on a branch holds what ran.",
)
@place_options
@output_options
def command(
    job: str, name: str | None, allow_uncommitted: bool, place: Place, output: str, query: str | None
) -> None:
    """Register the model of an approved run that passed its gate.

    Verdict and digest are recomputed from what is live; neither the run's own verdict nor a tag is believed. What ran
    must be what its commit holds: the definitions are taken from this repository and hashed. Files that are registered already are found, and no second version is made.

    \b
    Exit codes: 0 registered, 3 the metrics miss a threshold, 1 anything else that refuses.
    Example: plumbline model register claims-release-885320a146 --stack local
    """
    from plumbline.ops.release.registration import register

    done = register(place.session(), job, name=name, uncommitted_allowed=allow_uncommitted)
    if done.counted_over is not None:
        click.echo(
            f"warning: {done.counted_over.reference} has no verified release behind it: {done.counted_over.faults[0]}. "
            f"{done.reference} was counted over it. Find out who wrote it, and archive it.",
            err=True,
        )
    how = "registered" if done.is_new else "was registered before, nothing was written"
    click.echo(f"{done.reference}: {how}.", err=True)
    print_answer(dict(done.model), output=output, query=query, columns=COLUMNS)
