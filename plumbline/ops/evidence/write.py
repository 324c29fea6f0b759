"""`plumbline evidence write`."""

from __future__ import annotations

from pathlib import Path

import click

from plumbline.ops.job.options import Place, job_name, place_options
from plumbline.ops.output import output_options, print_answer

COLUMNS = {
    "Job": "job",
    "Verdict": "verdict",
    "Model": "model",
    "Digest": "digest",
    "Page": "html",
}


@click.command("write")
@job_name
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder. Default: .plumbline/evidence/JOB, which git ignores.",
)
@place_options
@output_options
def command(job: str, out: Path | None, place: Place, output: str, query: str | None) -> None:
    """Write the evidence of an ended run: JSON, Markdown, one HTML page, copies of what was judged.

    Blocked and failed runs have evidence too. Nothing that looks like a secret is written.

    \b
    Example: plumbline evidence write claims-release-885320a146 --out ticket-4711 --stack local
    """
    from plumbline.ops.evidence.alarm import alarm_of
    from plumbline.ops.evidence.folder import DOCUMENT, write_evidence

    written = write_evidence(place.session(), job, out=out)
    document = written.document
    registered = document["model"]["registered"]
    answer = {
        "job": document["job"]["name"],
        "verdict": document["verdict"]["outcome"],
        "model": f"{registered['name']}:{registered['version']}" if registered else None,
        "approver": document["approval"]["approver"] if document["approval"] else None,
        "digest": document["digest"],
        "json": str(written.path / DOCUMENT),
        "html": str(written.page),
        "rehearsal": document["rehearsal"],
        "alarm": alarm_of(document),
    }
    if answer["alarm"]:
        click.echo(f"Alarm: {answer['alarm']}.", err=True)
    print_answer(answer, output=output, query=query, columns=COLUMNS)
