"""`plumbline rehearse STACK -- COMMAND`: a stack's unedited file, against an emulator of its own."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plumbline.fence import EMULATED_CLOUDS
from plumbline.ops.errors import UsageError, UserError
from plumbline.ops.local_home import EmulatedStack, rehearsal
from plumbline.ops.stack_file import project_root, read_stack_file

if TYPE_CHECKING:
    from plumbline.ops.rehearsed_file import RehearsedFile


@click.command("rehearse", context_settings={"ignore_unknown_options": True})
@click.argument("stack")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, required=True, metavar="-- COMMAND...")
@click.option("--with", "others", multiple=True, metavar="STACK", help="Another stack on the same emulator.")
@click.option("--as", "principal", default="deployer", show_default=True, help="A seeded principal.")
@click.option("--azure-noise", is_flag=True, help="Answer as unpredictably as Azure may.")
@click.option("--keep", is_flag=True, help="Leave the rehearsal's emulator running afterwards.")
def command(
    stack: str, words: tuple[str, ...], others: tuple[str, ...], principal: str, azure_noise: bool, keep: bool
) -> None:
    """Run COMMAND for STACK against an emulator that answers with the stack's own tenant and subscription.

    With --with, further stacks share that emulator and its state, as promotion from one to the next needs them; they
    pin the same tenant and region, and each its own subscription. COMMAND names the one it means: pulumi up -s staging.

    The rehearsal's emulator and state last between calls, below .plumbline/rehearsals/STACK; the stacks'
    files are read, never written. COMMAND runs in the project, and its exit code is this command's.
    Real Azure, the stack's key vault and its login are not reached.

    \b
    Example: plumbline rehearse dev -- pulumi preview
    Example: plumbline rehearse dev --with shared --with staging -- pulumi up -s shared
    """
    from plumbline.ops.emulation import begin_emulation
    from plumbline.ops.rehearsed_file import copy_stack_file

    project = project_root()
    others = tuple(dict.fromkeys(name for name in others if name != stack))
    pins = _pins_of_all(project, (stack, *others))
    subscriptions = {name: pins[name]["subscription_id"] for name in others}
    emulated = rehearsal(project, stack, pins[stack], also=subscriptions)
    emulated.prepare()
    with _alone(emulated):
        copy = copy_stack_file(project, emulated.root / "project", stack)
        for one in (copy, *(copy_stack_file(project, copy.folder, name) for name in others)):
            _say_what_is_left_out(one)
        ran_before = emulated.ready() is not None
        try:
            emulation = begin_emulation(
                emulated,
                project=project,
                say=_say,
                principal=principal,
                azure_noise=azure_noise,
                stack_folder=copy.folder,
            )
            # `pulumi` in the words means this stack and the copy of its file: nobody has to say so.
            own = {"PULUMI_STACK": stack, "PULUMI_OPTION_CONFIG_FILE": str(copy.path)}
            own |= {"PLUMBLINE_STACK_FILES": str(copy.folder)}
            environment = replace(emulation.environment, variables={**emulation.environment.variables, **own})
            status = replace(emulation, environment=environment).run(words)
        finally:
            if not (keep or ran_before):
                emulated.stop()
    raise SystemExit(status)


def _pins_of_all(project: Path, stacks: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """What each of them pins. Raises: UsageError: one is emulated already, or they pin different places."""
    found: dict[str, dict[str, str]] = {}
    for name in stacks:
        file = read_stack_file(project, name)
        if file.pins.cloud in EMULATED_CLOUDS:
            raise UsageError(
                f"rehearse: got {name!r}, which is emulated already, expected a stack of a real cloud."
            )
        found[name] = file.emulated()
    first = found[stacks[0]]
    for name, pins in found.items():
        for noun, value in pins.items():
            if noun != "subscription_id" and value.lower() != first[noun].lower():
                raise UsageError(
                    f"rehearse: --with {name}: {noun}: got {value}, expected {first[noun]} as {stacks[0]} pins it: one "
                    "emulator plays one tenant in one region. Rehearse them apart."
                )
    return found


@contextmanager
def _alone(emulated: EmulatedStack) -> Iterator[None]:
    """Hold the rehearsal: a second one would share its state, and the first to end would stop its emulator."""
    with (emulated.root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"rehearse: got a rehearsal of {emulated.stack} that runs already in this project, expected "
                "none. Wait for it to end, or rehearse in another checkout."
            ) from None
        yield


def _say_what_is_left_out(copy: RehearsedFile) -> None:
    if copy.secrets:
        _say(f"Secrets that only the real key opens have a stand-in here: {', '.join(copy.secrets)}.")
    if copy.logins:
        _say(f"The rehearsal logs in to its emulator, without {', '.join(copy.logins)}.")


def _say(line: str) -> None:
    click.echo(line, err=True)
