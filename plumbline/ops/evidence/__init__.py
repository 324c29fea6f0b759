"""`plumbline evidence`: write and verify the evidence of a run; one file a verb, imported when it is called."""

from __future__ import annotations

import importlib

import click

# Verb -> one line for the list of commands. The help of the group must not import a verb.
VERBS = {
    "write": "Write the evidence of an ended run: JSON, Markdown, one HTML page, copies of what was judged.",
    "verify": "Compute digests and verdict anew from an evidence folder, offline.",
}


class EvidenceVerbs(click.Group):
    """Imports a verb's module only when that verb is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(f"plumbline.ops.evidence.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group("evidence", cls=EvidenceVerbs)
def command() -> None:
    """Write and verify the evidence of a run, for the release ticket and for whoever asks later.

    \b
    Example: plumbline evidence write claims-release-885320a146 --stack local
    """
