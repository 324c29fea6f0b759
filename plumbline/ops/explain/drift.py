"""`plumbline explain drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plumbline.ops.errors import UserError
from plumbline.ops.output import output_options

if TYPE_CHECKING:
    from plumbline.ops.drift.report import ReportedFinding
    from plumbline.ops.explain.answer import Answer


@click.command("drift")
@click.argument("name")
@click.option("--stack", "-s", required=True, help="The stack whose platform is compared.")
@output_options
def command(name: str, stack: str, output: str, query: str | None) -> None:
    """Say why NAME is drift: an id of a finding, or a resource of the stack.

    \b
    Example: plumbline explain drift cpu-cluster --stack local
    """
    from plumbline.ops.azure_session import AzureSession
    from plumbline.ops.drift.check import check
    from plumbline.ops.explain.answer import print_answers
    from plumbline.ops.target import enter_target

    report = check(AzureSession(enter_target(stack)), stack)
    found = [one for one in report.findings if name in {one.finding.id, one.finding.resource}]
    if not found:
        known = ", ".join(sorted({one.finding.resource for one in report.findings})) or "nothing"
        raise UserError(
            f"{name}: got no finding of that id or resource, expected one of stack {stack}'s: {known} drifted. "
            f"See them: plumbline drift --stack {stack}"
        )
    answers: list[Answer] = [_answer(one) for one in found]
    print_answers("drift", answers, output=output, query=query)


def _answer(one: ReportedFinding) -> Answer:
    from plumbline.ops.explain.answer import Answer, Reason

    finding, change = one.finding, one.change
    who = (
        f"{change.who} changed it at {change.when}"
        if change.who
        else f"who is not known: {change.unknown_because}"
    )
    kept = ", accepted" if one.is_accepted else ""
    return Answer(
        subject=finding.resource,
        says=f"{finding.resource} is drift, {one.severity.name}{kept}: {one.severity.reason}",
        reasons=(
            Reason(
                part=finding.field,
                old=finding.desired,
                new=finding.live,
                where=f"{finding.declared_at.file}:{finding.declared_at.line}" if finding.declared_at else "",
                lines=(who, *(f"{verb}: {command}" for verb, command in one.remedies.items())),
            ),
        ),
    )
