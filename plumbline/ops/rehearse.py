"""`plumbline rehearse STACK -- COMMAND`: a stack's unedited file, against an emulator of its own."""

from __future__ import annotations

from dataclasses import replace

import click

from plumbline.fence import EMULATED_CLOUDS
from plumbline.ops.errors import UsageError
from plumbline.ops.local_home import rehearsal
from plumbline.ops.stack_file import project_root, read_stack_file


@click.command("rehearse", context_settings={"ignore_unknown_options": True})
@click.argument("stack")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, required=True, metavar="-- COMMAND...")
@click.option("--as", "principal", default="deployer", show_default=True, help="A seeded principal.")
@click.option("--azure-noise", is_flag=True, help="Answer as unpredictably as Azure may.")
@click.option("--keep", is_flag=True, help="Leave the rehearsal's emulator running afterwards.")
def command(stack: str, words: tuple[str, ...], principal: str, azure_noise: bool, keep: bool) -> None:
    """Run COMMAND for STACK against an emulator that answers with the stack's own tenant and subscription.

    The rehearsal's emulator and state last between calls, below .plumbline/rehearsals/STACK; the stack's
    file is read, never written. Real Azure is not reached.

    \b
    Example: plumbline rehearse dev -- pulumi preview
    """
    from plumbline.ops.emulation import begin_emulation
    from plumbline.ops.project_mirror import mirror_project

    project = project_root()
    file = read_stack_file(project, stack)
    if file.pins.cloud in EMULATED_CLOUDS:
        raise UsageError(
            f"rehearse: got {stack!r}, which is emulated already, expected a stack of a real cloud."
        )
    emulated = rehearsal(project, stack, file.emulated())
    emulated.prepare()
    mirror = mirror_project(project, emulated.root / "project", stack)
    ran_before = emulated.ready() is not None
    try:
        emulation = begin_emulation(
            emulated,
            project=mirror,
            say=lambda line: click.echo(line, err=True),
            principal=principal,
            azure_noise=azure_noise,
        )
        # `pulumi` in the words means this stack: nobody has to repeat its name.
        environment = replace(
            emulation.environment, variables={**emulation.environment.variables, "PULUMI_STACK": stack}
        )
        status = replace(emulation, environment=environment).run(words)
    finally:
        if not (keep or ran_before):
            emulated.stop()
    raise SystemExit(status)
