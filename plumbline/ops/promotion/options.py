"""What a promotion is asked about: the same words for the promotion itself and for why it is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from plumbline.ops.errors import UsageError


def _folder_name(_context: click.Context, _parameter: click.Parameter, given: str) -> str:
    """A name, and not the path that a shell completes: the lock keeps it."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", given):
        return given
    name = Path(given).name
    raise UsageError(
        f"PIPELINE: got {given!r}, expected the name of a folder below pipelines/"
        + (f": {name}." if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name) else ".")
    )


_OPTIONS = (
    click.argument("pipeline", callback=_folder_name),
    click.option(
        "--from", "from_stack", required=True, metavar="STACK", help="The stack whose release goes on."
    ),
    click.option("--to", "to_stack", required=True, metavar="STACK", help="The stack whose lock is written."),
    click.option(
        "--job", metavar="NAME", help="The run behind it. Default: the green one of the very same digests."
    ),
    click.option(
        "--evidence", type=click.Path(path_type=Path), help="Its evidence. Default: .plumbline/evidence/JOB."
    ),
    click.option("--branch", default="main", show_default=True, help="The branch that must hold the commit."),
)


def promotion_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the pipeline, both stacks, the run, its evidence and the branch."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
