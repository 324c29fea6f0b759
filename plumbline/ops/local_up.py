"""`plumbline local up`: from a fresh machine to a platform whose pipelines have run and been judged."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import click

from plumbline.ops.emulation import begin_emulation
from plumbline.ops.errors import UserError
from plumbline.ops.local_home import EmulatedStack
from plumbline.ops.local_release import release_all
from plumbline.ops.state_lock import has_pending_creates

NEXT_STEPS = """
What to try next:
  eval "$({plumbline} local env --as alice)"    this shell is Alice's: official clients, pulumi, plumbline
  python tests/official_client.py raise 9       drift: she raises the cluster's maximum, as in a portal
  plumbline drift --stack local                 see it: field, desired, live, who, when
  pulumi up -s local                            repair it
  pulumi preview -s local --diff                after a change of a training script: what would move
  make down                                     remove everything local
"""


def bring_up(stack: EmulatedStack, *, project: Path, azure_noise: bool, skip_run: bool) -> int:
    """Provision and register, then run and release the stack's pipelines; answers the exit code.

    Raises: UserError: a part of it failed; what has been made is kept, and the next call goes on from there.
    """
    began = time.monotonic()
    emulation = begin_emulation(stack, project=project, say=click.echo, azure_noise=azure_noise)
    engine = emulation.engine
    click.echo(f"Engine    pulumi {engine.version}, {engine.way}: {engine.reason}")
    click.echo(f"Emulator  {emulation.ready['base_url']} (pid {emulation.ready['pid']})")
    click.echo("Stack     local\n")
    words = ["pulumi", "up", "--stack", "local", "--yes", "--skip-preview", "--suppress-outputs"]
    if not sys.stdout.isatty():
        words.append("--non-interactive")
    if emulation.run(words) != 0:
        raise UserError(
            "stack local: pulumi up: got a failure, expected an update. "
            "What is above names it; correct it and run again: what has been made is kept."
        )
    if has_pending_creates(stack.state, "local"):
        # The update above has created or found them; only the note of the killed run is left to strike out.
        click.echo("An earlier run was killed while it created something; its notes are struck out.")
        emulation.read(
            ["pulumi", "refresh", "--stack", "local", "--yes", "--skip-preview", "--clear-pending-creates"]
        )
    outputs = stack.outputs()
    click.echo(f"\nWorkspace {outputs['workspace_name']} in {outputs['resource_group_name']}")
    for pipeline, references in sorted(outputs["pipelines"].items()):
        click.echo(f"Pipeline  {pipeline}")
        for asset, reference in sorted(references.items()):
            click.echo(f"  {asset.split('/')[0]:12} {reference}")
    status = 0
    if not skip_run:
        status = release_all(emulation, sorted(outputs["pipelines"]))
    click.echo(f"\nDone in {time.monotonic() - began:.0f} s.")
    # The environment's programs need not be on this shell's PATH yet.
    program = "plumbline" if shutil.which("plumbline") else ".venv/bin/plumbline"
    click.echo(NEXT_STEPS.format(plumbline=program))
    return status
