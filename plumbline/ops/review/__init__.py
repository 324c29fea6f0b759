"""`plumbline review`: what a change would do to a stack, as one comment for a pull request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from plumbline.ops.stack_file import project_root

if TYPE_CHECKING:
    from plumbline.ops.review.finding import Review


@click.command("review")
@click.option("--stack", "-s", required=True, help="The stack that the change would reach.")
@click.option(
    "--base", help="Branch or commit that code is compared with. Default: origin/HEAD, origin/main or main."
)
@click.option(
    "--output",
    "-o",
    type=click.Choice(["markdown", "json"]),
    default="markdown",
    show_default=True,
    help="Form of the answer.",
)
@click.option(
    "--to", type=click.Path(dir_okay=False, path_type=Path), help="A file for the answer, instead of stdout."
)
@click.option(
    "--annotations",
    "service",
    type=click.Choice(["github", "azure-devops"]),
    help="Print findings as annotations of this service; the answer then needs --to.",
)
@click.option(
    "--save-plan",
    "plan",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save what would be done, for plumbline up --plan.",
)
def command(
    stack: str, base: str | None, output: str, to: Path | None, service: str | None, plan: Path | None
) -> None:
    """Say what this checkout would do to a stack: for reviewers, before anything is done.

    The comment begins with the verdict and stays below 60 kB: the least important parts are left out, and it says
    which. Nothing is changed, in the cloud or in the state; secrets are masked.

    \b
    Exit codes: 0 reviewed, 1 the change is refused (definitions or preview); the review says why.
    Example: plumbline review --stack dev --base origin/main --to review.md --annotations github
    """
    import json
    from datetime import UTC, datetime

    from plumbline.ops.errors import UsageError
    from plumbline.ops.review.annotations import annotation_lines
    from plumbline.ops.review.comment import comment
    from plumbline.ops.review.document import document
    from plumbline.ops.review.finding import findings
    from plumbline.ops.review.gathering import gather
    from plumbline.ops.review.preview import run_preview
    from plumbline.ops.target import enter_stack

    if service is not None and to is None:
        raise UsageError("--annotations: got no --to, expected a file for the review. Add --to review.md")
    project = project_root()
    enter_stack(stack)
    if plan is None:
        preview = run_preview(project, stack)
        review = gather(project, stack, preview, base=base, now=datetime.now(UTC))
    else:
        review = _planned(project, stack, base, plan)
    text = (
        json.dumps(document(review), indent=2, ensure_ascii=False) + "\n"
        if output == "json"
        else comment(review)
    )
    if to is None:
        click.echo(text, nl=False)
    else:
        to.write_text(text, encoding="utf-8")
    for line in annotation_lines(findings(review), service) if service else ():
        click.echo(line)
    if review.refused:
        raise SystemExit(1)


def _planned(project: Path, stack: str, base: str | None, path: Path) -> Review:
    """The same, and the plan saved; a refused change has none, and an older file of that name is removed."""
    import json
    import tempfile
    from datetime import UTC, datetime

    from plumbline.ops.plan.basis import read_basis
    from plumbline.ops.plan.saved_plan import write_plan
    from plumbline.ops.review.gathering import gather
    from plumbline.ops.review.preview import run_preview

    path.unlink(missing_ok=True)
    basis = read_basis(project, stack)
    with tempfile.TemporaryDirectory(prefix="plumbline-plan-") as folder:
        engine_plan = Path(folder) / "plan.json"
        preview = run_preview(project, stack, plan=engine_plan)
        review = gather(project, stack, preview, base=base, now=datetime.now(UTC))
        if not review.refused:
            write_plan(
                path,
                stack=stack,
                commit=review.commit,
                basis=basis,
                changes=review.changes,
                engine_plan=json.loads(engine_plan.read_text(encoding="utf-8")),
            )
    return review
