"""`plumbline job`: submit, watch, rerun and fetch jobs; one file a verb, imported when it is called."""

from __future__ import annotations

import importlib

import click

# Verb -> one line for the list of commands. The help of the group must not import a verb.
VERBS = {
    "create": "Submit a job whose components are registered, and watch it if asked.",
    "show": "Show a job and its steps.",
    "list": "List jobs, newest first, or the steps of one.",
    "stream": "Follow a job to its end, step by step.",
    "logs": "Print what the steps of a job printed.",
    "download": "Fetch outputs, logs and artifacts of a job.",
    "cancel": "End a job and everything that it runs.",
    "rerun": "Submit the same component versions again; what has been done is reused.",
}


class JobVerbs(click.Group):
    """Imports a verb's module only when that verb is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(f"plumbline.ops.job.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group("job", cls=JobVerbs)
def command() -> None:
    """Submit, watch, rerun and fetch jobs; names, fields and statuses are those of `az ml job`.

    \b
    Exit codes of create --stream, rerun --stream and stream:
    0 Completed, 3 the release gate closed, 1 anything else.
    Example: plumbline job create --file pipelines/claims_release/pipeline.yml --stream --stack local
    """
