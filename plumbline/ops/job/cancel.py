"""`plumbline job cancel`."""

from __future__ import annotations

import click

from plumbline.ops.errors import UserError
from plumbline.ops.job.options import Place, job_name, place_options

PATIENCE_SECONDS = 120.0
# Of a job that has ended, perhaps between our look and our request. Source: recorded answer of 2023-08-01-preview.
_ENDED = "CancelPipelineRunInTerminalStatus"


@click.command("cancel")
@job_name
@place_options
@click.option("--no-wait", is_flag=True, help="Do not wait until nothing of it runs any more.")
def command(job: str, place: Place, no_wait: bool) -> None:
    """End a job and everything that it runs, and wait until it has ended.

    \b
    Example: plumbline job cancel calm_lake_x7 --stack local
    """
    from plumbline.azure.api_versions import api_version
    from plumbline.ops.azure_session import RefusedError
    from plumbline.ops.job.watch import Pace
    from plumbline.ops.run_history import ENDED, RunHistory

    session = place.session()
    history = RunHistory(session)
    status = history.job(job)["properties"]["status"]
    if status in ENDED:
        click.echo(f"{job} had ended already: {status}.")
        return
    try:
        session.send(
            "POST", f"{session.target.workspace_id}/jobs/{job}/cancel", api_version=api_version("job_cancel")
        )
    except RefusedError as error:
        if _ENDED not in error.codes:
            raise
        click.echo(f"{job} had ended already: {history.job(job)['properties']['status']}.")
        return
    pace = Pace(session.target)
    while not no_wait and status not in ENDED:
        if pace.waited > PATIENCE_SECONDS:
            raise UserError(
                f"job {job}: cancel: got status {status} after {PATIENCE_SECONDS:.0f} s, expected its end. "
                f"Look again: plumbline job show {job}{place.words}"
            )
        pace.wait()
        status = history.job(job)["properties"]["status"]
    click.echo(f"{job}: {status if status in ENDED else 'cancel requested'}.")
