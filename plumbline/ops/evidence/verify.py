"""`plumbline evidence verify`."""

from __future__ import annotations

from pathlib import Path

import click

from plumbline.ops.errors import UserError
from plumbline.ops.job.options import Place, place_options
from plumbline.ops.output import output_options, print_answer

COLUMNS = {
    "Job": "job",
    "Verdict": "verdict",
    "Digest": "digest",
    "Compared with live": "compared_with_live",
    "Notices": "length(notices)",
}
MOST_TOLD = 3


@click.command("verify")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--live", is_flag=True, help="Compare with the workspace that the environment names, too.")
@place_options
@output_options
def command(folder: Path, live: bool, place: Place, output: str, query: str | None) -> None:
    """Recompute everything that an evidence folder says from the files in it, offline: digests, verdict, metrics, pages.

    Proves that the folder agrees with itself. That it is the truth, only the workspace knows: with --stack (or
    --live) the run, the approval and the model are read again and compared.

    \b
    Exit codes: 0 everything agrees, 1 a part differs (the first one is named).
    Example: plumbline evidence verify .plumbline/evidence/claims-release-885320a146 --stack local
    """
    from plumbline.ops.evidence.alarm import alarm_of
    from plumbline.ops.evidence.folder import read_evidence
    from plumbline.ops.evidence.live_comparison import compare_with_live
    from plumbline.ops.evidence.verification import first_difference, notices

    evidence = read_evidence(folder)
    difference = first_difference(evidence)
    if difference is not None:
        raise _refused(folder, difference)
    alarm = alarm_of(evidence.document)
    told = [*([f"Alarm: {alarm}"] if alarm else []), *notices(evidence)]
    online = live or place.stack is not None
    if online:
        compared = compare_with_live(evidence, place.session())
        if compared.differences:
            raise _refused(folder, *compared.differences)
        told += compared.notices
    for notice in told:
        click.echo(f"Notice: {notice}", err=True)
    document = evidence.document
    answer = {
        "job": document["job"]["name"],
        "verdict": document["verdict"]["outcome"],
        "digest": document["digest"],
        "files": len(document["files"]),
        "compared_with_live": online,
        "notices": told,
    }
    print_answer(answer, output=output, query=query, columns=COLUMNS)


def _refused(folder: Path, *found: str) -> UserError:
    lines = [f"{folder}: {line}" for line in found[:MOST_TOLD]]
    if len(found) > MOST_TOLD:
        lines.append(f"{folder}: and {len(found) - MOST_TOLD} more parts differ")
    return UserError("\n".join([*lines, "It does not hold. Write the evidence again from the run."]))
