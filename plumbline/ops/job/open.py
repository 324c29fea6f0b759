"""`plumbline job open`."""

from __future__ import annotations

import click

from plumbline.ops.errors import UserError
from plumbline.ops.job.options import Place, job_name, place_options


@click.command("open")
@job_name
@click.option("--print", "only_print", is_flag=True, help="Print the address instead of opening it.")
@place_options
def command(job: str, only_print: bool, place: Place) -> None:
    """Open a job in the studio.

    The address can hold a signature that opens the job for whoever has it, so no other command prints it. Keep it out of
    logs and tickets.

    \b
    Example: plumbline job open claims-release-885320a146 --stack local
    """
    from plumbline.ops.run_history import RunHistory

    body = RunHistory(place.session()).job(job)
    services = body["properties"].get("services") or {}
    endpoint = (services.get("Studio") or {}).get("endpoint")
    if not endpoint:
        raise UserError(
            f"job {job}: open: got no studio address, expected one. Show it: plumbline job show {job}"
        )
    if only_print:
        click.echo(endpoint)
        return
    import webbrowser

    if not webbrowser.open(endpoint):
        raise UserError(
            f"job {job}: open: got no browser on this machine, expected one. "
            f"Print the address: plumbline job open {job} --print{place.words}"
        )
