"""`plumbline codify`: what was changed live, written back into the YAML, comments kept."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from plumbline.ops.errors import FOUND, UserError
from plumbline.ops.output import output_options, print_answer
from plumbline.ops.stack_file import project_root

SCHEMA = "plumbline.codify/1"
COLUMNS = {
    "Resource": "resource",
    "File": "file",
    "Line": "line",
    "Field": "field",
    "Was": "was",
    "Now": "now",
    "Not written because": "reason",
}


@click.command("codify")
@click.option("--stack", "-s", required=True, help="The stack whose live resources are written back.")
@click.argument("resources", nargs=-1, metavar="[RESOURCE]...")
@click.option(
    "--folder",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of definitions; may be repeated. Default: every folder below pipelines/.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@output_options
def command(
    stack: str,
    resources: tuple[str, ...],
    folders: tuple[Path, ...],
    dry_run: bool,
    output: str,
    query: str | None,
) -> None:
    """Write what was changed live into the YAML that defines it, comments and layout kept.

    Files change, nothing else: look at git diff, then commit. A following preview shows no change. RESOURCE is a
    logical name, as `plumbline drift` shows it; without one, every drifted definition is taken. What no YAML can say
    is named with the reason, and makes the exit code 3.

    \b
    Example: plumbline codify --stack local claims-release-schedule
    """
    from plumbline.ops.azure_session import AzureSession
    from plumbline.ops.codify.live_resource import live_resources
    from plumbline.ops.codify.writing import codify
    from plumbline.ops.drift.engine_call import exported_state
    from plumbline.ops.drift.live_plan import live_plan
    from plumbline.ops.job.definition import pipeline_folders
    from plumbline.ops.target import enter_target

    session, root = AzureSession(enter_target(stack)), project_root()
    plan = live_plan(session, stack, exported_state(stack), project=root, whole=True)
    found = live_resources(plan, also=resources)
    unknown = sorted(set(resources) - {one.resource for one in found})
    if unknown:
        known = ", ".join(one.resource for one in found) or "none at all"
        raise UserError(
            f"stack {stack}: got {', '.join(unknown)}, expected a resource of the stack; drifted: {known}."
        )
    chosen = [one for one in found if not resources or one.resource in resources]
    chosen_folders = [folder.resolve() for folder in folders] or pipeline_folders(root)
    done = codify(chosen, root=root, folders=chosen_folders, dry_run=dry_run)
    answer = {
        "schema": SCHEMA,
        "stack": stack,
        "written": [asdict(one) for one in done.written],
        "refused": [asdict(one) for one in done.refused],
    }
    print_answer(
        answer if output == "json" or query else [*answer["written"], *answer["refused"]],
        output=output,
        query=query,
        columns=COLUMNS,
        empty=f"Nothing to write: stack {stack} matches its last update.",
    )
    if done.written and output == "table":
        said = "would be written" if dry_run else "written. Look at git diff, then commit"
        click.echo(f"\n{len(done.written)} field{'s' if len(done.written) != 1 else ''} {said}.", err=True)
    if done.refused:
        raise SystemExit(FOUND)
