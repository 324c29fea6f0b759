"""What can go wrong in a command, in two families.

UserError            their input or their machine: one message, no traceback, exit 1
  UsageError         the command's words are off: exit 2
BugError             ours: "please report", with the traceback in a log file, exit 1
"""

from __future__ import annotations

import tempfile
import traceback
from pathlib import Path

import click

FOUND = 3  # drift was found, or a gate is closed: a verdict, not a crash


class UserError(Exception):
    """`where: what: got X, expected Y. Next step.`, written for the person who ran the command."""

    exit_code = 1


class UsageError(UserError):
    """The command was called with invalid options."""

    exit_code = 2


class BugError(Exception):
    """Plumbline broke a promise of its own."""


def report_bug(error: BaseException) -> int:
    """Keep the traceback in a log, tell where it is, and answer the exit code."""
    with tempfile.NamedTemporaryFile("w", prefix="plumbline-bug-", suffix=".log", delete=False) as log:
        traceback.print_exception(error, file=log)
    click.echo(
        f"plumbline: {type(error).__name__}: {error}\n"
        f"This is a bug in Plumbline, please report it with {Path(log.name)}.",
        err=True,
    )
    return 1
