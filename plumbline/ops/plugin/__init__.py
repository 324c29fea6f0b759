"""`plumbline plugin`: brings the provider plugin to where the Pulumi engine looks for it."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.group("plugin")
def command() -> None:
    """Bring the provider plugin to where the Pulumi engine looks for it.

    pip puts `pulumi-resource-plumbline` on the environment's PATH, which is enough in an activated environment; the
    engine says so in a warning each run. `plumbline plugin install` is for the rest.

    \b
    Example: plumbline plugin install
    """


@command.command()
@click.option(
    "--pulumi-home",
    type=click.Path(path_type=Path),
    help="The engine's folder. Default: PULUMI_HOME, else ~/.pulumi.",
)
def install(pulumi_home: Path | None) -> None:
    """Put a launcher into the engine's own folder of plugins, for every project of this user.

    It starts the provider of the project's environment (VIRTUAL_ENV, .venv, venv), else of the one that installed it.
    Run it again after an upgrade; running it twice changes nothing.

    \b
    Example: plumbline plugin install
    """
    from plumbline.ops.plugin.installed import install_plugin

    home = pulumi_home or Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    click.echo(install_plugin(home.expanduser().absolute()))
