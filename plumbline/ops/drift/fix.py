"""`plumbline drift fix`."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from plumbline.ops.errors import UsageError, UserError
from plumbline.ops.kept_words import kept_words
from plumbline.ops.stack_file import project_root

if TYPE_CHECKING:
    from plumbline.ops.azure_session import AzureSession
    from plumbline.ops.drift.finding import Finding


@click.command("fix")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--stack", "-s", required=True, help="The stack whose finding it is.")
@click.option("--revert", is_flag=True, help="Put back what the code says; take away what nobody declared.")
@click.option("--codify", is_flag=True, help="Write what is live back into the YAML that defines it.")
@click.option(
    "--accept", "accepting", is_flag=True, help="Let it be until a date, written into the repository."
)
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="With --accept: the last day on which it counts."
)
@click.option("--owner", help="With --accept: the team or person that answers for it.")
@click.option("--reason", help="With --accept: why it may stay, at least eight characters.")
@click.option(
    "--deep", is_flag=True, help="Look for overwritten bytes too, as `plumbline drift show --deep` does."
)
@click.option("--yes", "-y", is_flag=True, help="With --revert: do not ask.")
def command(
    ids: tuple[str, ...],
    stack: str,
    *,
    revert: bool,
    codify: bool,
    accepting: bool,
    until: datetime | None,
    owner: str | None,
    reason: str | None,
    deep: bool,
    yes: bool,
) -> None:
    """Settle findings, each named by its id or the beginning of it.

    --revert runs one targeted `pulumi up` for what the program declares. What nobody declared is deleted, and a version of
    an asset is archived. --codify runs `plumbline codify` for the resource: look at git diff. --accept writes
    stacks/accepted/STACK.yaml: commit it, so that a pull request reviews it. It counts for the value that is live now,
    and until the date.

    \b
    Example: plumbline drift fix 9c7c3a9864 --revert --stack local
    """
    if [revert, codify, accepting].count(True) != 1:
        raise UsageError("fix: got none or several of --revert, --codify and --accept, expected one of them.")
    day = _acceptance_day(until, owner, reason) if accepting else None
    owner = kept_words("--owner", owner, least=3) if accepting and owner else owner
    reason = kept_words("--reason", reason, least=8) if accepting and reason else reason
    from plumbline.ops.azure_session import AzureSession
    from plumbline.ops.drift.check import check
    from plumbline.ops.target import enter_target

    session = AzureSession(enter_target(stack, takes_registry=True))
    known = [one.finding for one in check(session, stack, deep=deep).findings]
    chosen = list({one.id: one for one in (_named(name, known, stack) for name in ids)}.values())
    if day is not None:
        from plumbline.ops.drift.accepted import accept

        for one in chosen:
            file = accept(project_root(), stack, one, owner=owner or "", reason=reason or "", until=day)
            click.echo(f"{one.id} is accepted until {day}. Commit {file.relative_to(project_root())}.")
    elif codify:
        _codify(chosen, stack)
    else:
        _revert(session, chosen, stack, yes=yes)


def _acceptance_day(until: datetime | None, owner: str | None, reason: str | None) -> date:
    from plumbline.ops.drift.accepted import today

    missing = [
        name for name, given in (("--until", until), ("--owner", owner), ("--reason", reason)) if not given
    ]
    if missing or until is None:
        raise UsageError(
            f"--accept: got no {' and no '.join(missing)}, expected all of --until, --owner and --reason."
        )
    if until.date() < today():
        raise UsageError(f"--until: got {until.date()}, expected a day that has not passed.")
    return until.date()


def _named(finding_id: str, found: list[Finding], stack: str) -> Finding:
    matching = [one for one in found if one.id.startswith(finding_id.lower())]
    if len(matching) == 1:
        return matching[0]
    known = ", ".join(one.id for one in found) or "none"
    raise UserError(
        f"ID: got {finding_id}, which names {len(matching)} findings, expected one of {known}. "
        f"See them: plumbline drift --stack {stack}"
    )


def _codify(chosen: list[Finding], stack: str) -> None:
    from plumbline.ops.codify import command as write_back
    from plumbline.ops.drift.remedy import is_codifiable

    problems = [
        f"{one.resource}: {one.field}: got what no YAML of a pipeline says ({one.change}), expected a changed asset or "
        "schedule. Write it into the program or the stack's settings, or take --revert."
        for one in chosen
        if not is_codifiable(one)
    ]
    if problems:
        raise UserError("\n".join(problems))
    resources = sorted({one.resource for one in chosen})
    write_back.main(args=[*resources, "--stack", stack], standalone_mode=False)


def _revert(session: AzureSession, chosen: list[Finding], stack: str, *, yes: bool) -> None:
    from plumbline.ops.drift.remedy import is_removable
    from plumbline.ops.drift.removal import settle
    from plumbline.ops.release.live_code import WAY_OUT

    stored = [f"{one.resource}: {one.live}. {WAY_OUT}." for one in chosen if one.change == "overwritten"]
    if stored:
        raise UserError("\n".join(stored))
    by_hand = [
        f"{one.resource}: got a {one.noun}, expected something that this command can take away. Delete it: "
        f"az resource delete --ids {one.resource_id}"
        for one in chosen
        if one.urn is None and not is_removable(one)
    ]
    if by_hand:
        raise UserError("\n".join(by_hand))
    for one in chosen:
        taken = one.ownership == "unmanaged"
        what = f"take away {one.noun} {one.resource} ({one.live})" if taken else "put back"
        click.echo(f"{one.id}  {one.resource}: {one.field}: {what}", err=True)
    if not yes:
        click.confirm("Do it?", abort=True, err=True)
    targets = [word for urn in sorted({one.urn for one in chosen if one.urn}) for word in ("--target", urn)]
    if targets:
        # Its talk goes to stderr: stdout is for answers.
        words = ["pulumi", "up", "--stack", stack, *targets, "--skip-preview", "--yes"]
        if subprocess.run(words, cwd=project_root(), check=False, stdout=sys.stderr).returncode != 0:
            raise UserError(
                f"stack {stack}: got a failed update, expected everything put back. Its reason stands above."
            )
    for one in chosen:
        if one.urn is None:
            click.echo(settle(session, one))
