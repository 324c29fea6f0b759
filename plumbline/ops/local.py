"""`plumbline local`: the platform on this machine, against the emulator."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import click

from plumbline.fence import LOCAL_CLOUD
from plumbline.ops.errors import UserError
from plumbline.ops.local_home import EmulatedStack, local_stack
from plumbline.ops.stack_file import project_root, read_stack_file


@click.group("local")
@click.option(
    "--stack",
    "-s",
    default="local",
    show_default=True,
    help="A stack whose file pins the cloud PlumblineLocal. Each has an emulator of its own.",
)
@click.pass_context
def command(context: click.Context, stack: str) -> None:
    """Run the platform on this machine, without a cloud.

    \b
    Example: plumbline local up && eval "$(plumbline local env)"
    """
    context.obj = stack


def _stack() -> tuple[EmulatedStack, Path]:
    project = project_root()
    name: str = click.get_current_context().find_object(str) or "local"
    file = read_stack_file(project, name)
    if file.pins.cloud != LOCAL_CLOUD:
        raise UserError(
            f"{file.path.name}: plumbline:cloud: got {file.pins.cloud}, expected {LOCAL_CLOUD}. To try this stack "
            f"without its cloud: plumbline rehearse {name} -- pulumi preview"
        )
    return local_stack(project, file.emulated(), name), project


def _again(stack: EmulatedStack, verb: str) -> str:
    return f"plumbline local{'' if stack.stack == 'local' else f' --stack {stack.stack}'} {verb}"


@command.command()
@click.option("--azure-noise", is_flag=True, help="Answer as unpredictably as Azure may.")
@click.option("--skip-run", is_flag=True, help="Provision and register only; submit no pipeline.")
def up(azure_noise: bool, skip_run: bool) -> None:
    """Bring the stack `local` up: engine, emulator, `pulumi up`, then its pipelines.

    \b
    Example: plumbline local up
    """
    from plumbline.ops.local_up import bring_up

    stack, project = _stack()
    if stack.stack != "local":
        raise UserError(
            f"--stack: got {stack.stack}, expected local, whose pipeline is run as well. For this one: "
            f"{_again(stack, 'start')}, then pulumi up -s {stack.stack}"
        )
    raise SystemExit(bring_up(stack, project=project, azure_noise=azure_noise, skip_run=skip_run))


@command.command()
@click.option("--azure-noise", is_flag=True, help="Answer as unpredictably as Azure may.")
def start(azure_noise: bool) -> None:
    """Start the emulator, or say that it runs; make the stack ready for a plain `pulumi`.

    \b
    Example: plumbline local start
    """
    from plumbline.engine import find_engine

    stack, project = _stack()
    began = time.monotonic()
    running = stack.ready() is not None
    ready = stack.start(azure_noise=azure_noise)
    if find_engine() is not None:
        # With an engine at hand the stack is made ready as well, so that a plain `pulumi up -s local` works.
        from plumbline.ops.emulation import begin_emulation

        begin_emulation(stack, project=project, say=click.echo, azure_noise=azure_noise)
    if running:
        click.echo(f"The emulator runs already at {ready['base_url']} (pid {ready['pid']}).")
    else:
        click.echo(f"The emulator is ready at {ready['base_url']} after {time.monotonic() - began:.1f} s.")
    click.echo(f'Point a shell at it: eval "$({_again(stack, "env")})"')


@command.command()
def stop() -> None:
    """Stop the emulator; what it holds is kept.

    \b
    Example: plumbline local stop
    """
    stack, _ = _stack()
    click.echo("The emulator has stopped." if stack.stop() else "The emulator was not running.")


@command.command()
@click.option(
    "--output",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Form of the answer.",
)
def status(output: str) -> None:
    """Say whether the emulator runs, where, and for whom.

    \b
    Example: plumbline local status --output json
    """
    stack, _ = _stack()
    ready = stack.ready()
    if output == "json":
        shown = {key: value for key, value in (ready or {}).items() if key != "principals"}
        principals = {
            name: {key: value for key, value in entry.items() if key != "identity_header"}
            for name, entry in ((ready or {}).get("principals") or {}).items()
        }
        click.echo(json.dumps({"running": ready is not None, **shown, "principals": principals}, indent=2))
        return
    if ready is None:
        click.echo("The emulator does not run. Start it: plumbline local start")
        return
    click.echo(f"The emulator of stack {ready['stack']} runs at {ready['base_url']} (pid {ready['pid']}).")
    for name, entry in ready["principals"].items():
        click.echo(f"  {name:10} {entry['kind']:17} {entry['name']}")


@command.command()
@click.option("--as", "principal", default="deployer", show_default=True, help="A seeded principal.")
def env(principal: str) -> None:
    """Print what leads Azure's official clients, and a plain `pulumi`, to the emulator.

    \b
    Example: eval "$(plumbline local env --as alice)"
    """
    from plumbline.engine import find_engine
    from plumbline.ops.client_environment import client_environment

    stack, _ = _stack()
    ready = stack.ready()
    if ready is None:
        raise UserError(
            f"emulator of stack {stack.stack}: got none running, expected one. Start it: {_again(stack, 'start')}"
        )
    engine = find_engine()
    if engine is None:
        # stdout is for the shell; without this a plain `pulumi` is merely not found.
        click.echo("engine: got none on this machine, expected one. Get it: make up", err=True)
    environment = client_environment(
        stack, ready, engine=engine.path if engine else None, principal=principal
    )
    click.echo(environment.as_shell())


@command.command()
@click.option("--follow", "-f", is_flag=True, help="Go on printing as lines arrive.")
@click.option(
    "--lines",
    "-n",
    default=50,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="How many of the last lines.",
)
def logs(follow: bool, lines: int) -> None:
    """Print the emulator's log.

    \b
    Example: plumbline local logs --follow
    """
    stack, _ = _stack()
    log = stack.emulator_home / "emulator.log"
    if not log.exists():
        raise UserError(f"{log}: got no log, expected one. Start the emulator: plumbline local start")
    with log.open(errors="replace") as file:
        click.echo("".join(file.readlines()[-lines:]), nl=False)
        while follow:
            line = file.readline()
            if line:
                click.echo(line, nl=False)
            else:
                time.sleep(0.2)


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(yes: bool) -> None:
    """End every emulator and engine of this project and delete all local state; the machine's caches are kept.

    \b
    Example: plumbline local reset --yes
    """
    project = project_root()
    home = project / ".plumbline"
    if not home.exists():
        click.echo("Nothing to remove.")
        return
    if not yes:
        click.confirm(f"Delete {os.path.relpath(home)} with all local state?", abort=True)
    from plumbline.ops.local_home import remove_all

    removed = remove_all(home)
    click.echo(
        f"Stopped {removed} emulator{'s' if removed != 1 else ''} and removed {os.path.relpath(home)}."
    )
