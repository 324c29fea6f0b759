"""`plumbline doctor`: each prerequisite is there, or its next step is said."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from plumbline.ops.errors import UserError
from plumbline.ops.output import output_options, print_answer
from plumbline.ops.prerequisites import findings
from plumbline.ops.stack_file import project_root

SCHEMA = "plumbline.doctor/1"


@click.command("doctor")
@output_options
def command(output: str, query: str | None) -> None:
    """Say of each prerequisite whether it is there, or the next step.

    \b
    Nothing is changed and nothing is asked of a network.
    Exit codes: 0 everything needed is there, 1 something is missing.
    Example: plumbline doctor --output json
    """
    found = [asdict(finding) for finding in findings(_root())]
    is_ready = all(finding["status"] != "missing" for finding in found)
    columns = {"Prerequisite": "name", "Status": "status", "Found": "found", "Next step": "next_step"}
    if output == "json" or query is not None:
        answer = {"schema": SCHEMA, "ready": is_ready, "prerequisites": found}
        print_answer(answer, output=output, query=query, columns=columns)
    elif output == "table":
        _print_list(found)
    else:
        print_answer(found, output=output, query=None, columns=columns)
    if not is_ready:
        raise SystemExit(1)


def _print_list(found: list[dict[str, str]]) -> None:
    """One line each, the next step below it: a table with whole sentences in it would not fit a terminal."""
    marks = {"ok": click.style("ok     ", fg="green"), "limited": click.style("limited", fg="yellow")}
    for row in found:
        mark = marks.get(row["status"], click.style("missing", fg="red"))
        click.echo(f"{mark}  {row['name']:12} {row['found']}")
        if row["next_step"]:
            click.echo(f"{'':9}{'':12} -> {row['next_step']}")


def _root() -> Path | None:
    try:
        return project_root()
    except UserError:
        return None
