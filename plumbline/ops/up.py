"""`plumbline up --plan`: apply what was reviewed, exactly, or refuse before the first write."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path

import click

from plumbline.ops.errors import UserError
from plumbline.ops.stack_file import project_root

# As pulumi 3.259 writes the refresh before an update, where nothing was found to differ.
_LOOKED_AT = re.compile(
    r"^(@ updating\.+|( ~ |   ) \S+:\S+ \S+( refresh(ing)?| running)?( \([\d.]+m?s\))?) *$"
)


@click.command("up")
@click.option("--stack", "-s", required=True, help="The stack that the plan is for.")
@click.option(
    "--plan",
    "path",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The plan, as plumbline review --save-plan wrote it.",
)
@click.option("--yes", "-y", is_flag=True, help="Apply without asking.")
def command(stack: str, path: Path, yes: bool) -> None:
    """Apply a saved plan: those changes and no others.

    Refuses before the first write when the state, the stack's lock, a file of the project or a tool is not as it
    was when the plan was made, or when the cloud has moved so that other changes would be needed. While it
    applies, the engine itself stops at anything that the plan does not hold.

    \b
    Exit codes: 0 applied, 1 refused or failed.
    Example: plumbline up --stack dev --plan plan.json --yes
    """
    from plumbline.ops.plan.basis import differences, read_basis
    from plumbline.ops.plan.saved_plan import changed_plan, read_plan
    from plumbline.ops.review.planned_change import planned_changes
    from plumbline.ops.review.preview import run_preview
    from plumbline.ops.target import enter_stack

    plan = read_plan(path)
    if plan.stack != stack:
        raise UserError(f"{path}: stack: got a plan for {plan.stack}, expected one for {stack}. Plan again.")
    project = project_root()
    enter_stack(stack)
    refused = differences(plan.basis, read_basis(project, stack))
    if not refused:
        preview = run_preview(project, stack)
        if preview.refused:
            refused = list(preview.messages)
        else:
            refused = changed_plan(plan.changes, planned_changes(preview.steps))
    if refused:
        lines = "\n".join(f"  {line}" for line in refused)
        raise UserError(
            f"{path}: got a plan of {plan.made_at} that no longer fits stack {stack}, expected nothing to have "
            f"moved since. Nothing was changed.\n{lines}\n"
            f"Review again: plumbline review --stack {stack} --save-plan {path}"
        )
    count = len(plan.changes)
    click.echo(
        f"Plan of {plan.made_at}, commit {plan.commit[:12]}: {count} change{'' if count == 1 else 's'}."
    )
    if not yes:
        click.confirm(f"Apply it to stack {stack}?", abort=True)
    with tempfile.TemporaryDirectory(prefix="plumbline-plan-") as folder:
        engine_plan = Path(folder) / "plan.json"
        engine_plan.write_text(json.dumps(plan.engine_plan), encoding="utf-8")
        words = ["pulumi", "up", "--stack", stack, "--plan", str(engine_plan), "--yes", "--skip-preview"]
        words += ["--suppress-outputs", "--suppress-progress", "--non-interactive", "--color", "never"]
        status = _run(words, project)
    if status != 0:
        raise UserError(
            f"stack {stack}: update: got a failure, expected the plan applied. What is above names it; "
            "what has been applied is kept: review again."
        )


def _run(words: list[str], project: Path) -> int:
    """Run the engine and show what it says, without a row for each resource that it only looked at."""
    with subprocess.Popen(words, cwd=project, stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        for line in engine.stdout:
            if not _LOOKED_AT.match(line):
                click.echo(line, nl=False)
    return engine.returncode
