"""`plumbline drift show`, and `plumbline drift` without a verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from plumbline.ops.drift.severity import SEVERITIES
from plumbline.ops.errors import FOUND, UserError
from plumbline.ops.output import print_answer

if TYPE_CHECKING:
    from plumbline.ops.drift.report import Report, ReportedFinding

FORMATS = ("table", "json", "tsv", "markdown", "sarif")
COLUMNS = {
    "Id": "id",
    "Severity": "severity",
    "Resource": "resource",
    "Field": "field",
    "Desired": "desired",
    "Live": "live",
    "Who": "who",
    "When": "when",
    "Note": "note",
}


@click.command("show")
@click.option("--stack", "-s", required=True, help="The stack whose platform is compared.")
@click.option(
    "--output",
    "-o",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="Form of the answer.",
)
@click.option("--query", help="A JMESPath query over the JSON answer.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    default=SEVERITIES[0],
    show_default=True,
    help="The mildest severity that makes the command end with exit code 3.",
)
@click.option(
    "--deep",
    is_flag=True,
    help="Download and hash the code and data that schedules pin: overwritten bytes are critical.",
)
def command(stack: str, output: str, query: str | None, fail_on: str, *, deep: bool) -> None:
    """Report what is not as the code says: field, desired, live, who, when, how bad, and what settles it.

    Findings are changed or missing resources that the program declares, what nobody declared (assets, schedules,
    computes, datastores, connections, endpoints, role assignments, resources of the group), and model versions without
    a verified release behind them. Accepted findings stay in the list and do not count.

    Reads only: nothing is changed, in the cloud or in the state.

    \b
    Exit codes: 0 nothing at or above --fail-on, 3 findings, 1 something could not be compared.
    Example: plumbline drift show --stack local --fail-on high --output json
    """
    from plumbline.ops.azure_session import AzureSession
    from plumbline.ops.drift.check import check
    from plumbline.ops.target import enter_target

    report = check(AzureSession(enter_target(stack, takes_registry=True)), stack, deep=deep)
    _print(report, output=output, query=query)
    for note in report.notes:
        click.echo(f"warning: {note}", err=True)
    for remark in report.remarks:
        click.echo(f"note: {remark}", err=True)
    counted = [one for one in report.open if one.severity.rank >= SEVERITIES.index(fail_on)]
    if output == "table" and report.findings:
        click.echo(f"\n{_summary(report)}", err=True)
    if counted:
        raise SystemExit(FOUND)
    if report.notes:
        raise UserError(f"stack {stack}: got a comparison with gaps, expected a whole one. See the warnings.")


def _print(report: Report, *, output: str, query: str | None) -> None:
    shown = report.shown()
    if output == "sarif":
        from plumbline.ops.drift.sarif import sarif_log

        shown, output = sarif_log(report), "json"
    elif output != "json" and not query:
        rows: Any = shown["findings"]
        empty = (
            "Nothing found, and not everything was compared: see the warnings."
            if report.notes
            else f"No drift: stack {report.stack} matches its last update."
        )
        print_answer(rows, output=output, query=None, columns=_columns(report.findings), empty=empty)
        return
    print_answer(shown, output=output, query=query, columns=COLUMNS)


def _columns(rows: tuple[ReportedFinding, ...]) -> dict[str, str]:
    """Without a column that would be empty in every row."""
    return COLUMNS if any(row.note for row in rows) else {k: v for k, v in COLUMNS.items() if k != "Note"}


def _summary(report: Report) -> str:
    resources = {(one.finding.resource_id or one.finding.urn, one.finding.version) for one in report.open}
    count, accepted = len(report.open), len(report.findings) - len(report.open)
    lines = [
        f"{count} finding{'s' if count != 1 else ''} on {len(resources)} resource{'s' if len(resources) != 1 else ''}"
        + (f", {accepted} accepted" if accepted else "")
        + "."
    ]
    if any(one.finding.is_managed for one in report.open):
        lines.append(f"To put back everything that the code declares: pulumi up -s {report.stack}")
    if count:
        lines.append(f"To settle one: plumbline drift fix ID --stack {report.stack} --help")
    return "\n".join(lines)
