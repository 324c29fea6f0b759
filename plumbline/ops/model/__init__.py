"""`plumbline model`: approve, register, list, show; one file a verb, imported when it is called."""

from __future__ import annotations

import importlib

import click

# Verb -> one line for the list of commands. The help of the group must not import a verb.
VERBS = {
    "approve": "Approve a run for release, as a reviewer who did not submit it.",
    "register": "Register the model of an approved run that passed its gate.",
    "list": "List registered models, or the versions of one.",
    "show": "Show one version of a model.",
}


class ModelVerbs(click.Group):
    """Imports a verb's module only when that verb is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(f"plumbline.ops.model.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group("model", cls=ModelVerbs)
def command() -> None:
    """Approve and register models that passed their gate; fields are those of `az ml model`.

    \b
    Exit codes of approve and register: 0 done, 3 the metrics miss a threshold, 1 anything else that refuses.
    Example: plumbline model register claims-release-885320a146 --stack local
    """
