"""`plumbline job stream`."""

from __future__ import annotations

import click

from plumbline.ops.job.options import Place, job_name, place_options


@click.command("stream")
@job_name
@place_options
def command(job: str, place: Place) -> None:
    """Follow a job to its end: a live table on a terminal, a line per change elsewhere.

    Ends with each step's times, what failed and the end of its log, and the gate's verdict.

    \b
    Exit codes: 0 Completed, 3 the release gate closed, 1 anything else.
    Example: plumbline job stream calm_lake_x7 --stack local
    """
    from plumbline.ops.job.follow import follow

    raise SystemExit(follow(place.session(), job, words=place.words).exit_code)
