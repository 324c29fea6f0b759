"""`plumbline template`: where the wheel keeps the template of a whole platform."""

from __future__ import annotations

from pathlib import Path

import click

from plumbline.ops.errors import UserError

FOLDER = Path(__file__).resolve().parents[1] / "template"


@click.command("template")
def command() -> None:
    """Print the folder that `pulumi new` takes: components/ and stacks/ as your own code, and a small pipeline.

    \b
    Example: mkdir shop && cd shop && pulumi new "$(plumbline template)"
    """
    if not (FOLDER / "Pulumi.yaml").exists():
        raise UserError(
            f"{FOLDER}: got no template, expected the one that a built wheel holds. In a checkout: make template, "
            "then pulumi new dist/template"
        )
    click.echo(FOLDER)
