"""What a person sees while a job goes: a live table on a terminal, a line per change elsewhere."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

import click

from plumbline.ops.job.watch import Look, Watch, is_pipeline
from plumbline.ops.run_history import StepRun

_COLOURS = {
    "Completed": "green",
    "Failed": "red",
    "Canceled": "yellow",
    "Running": "cyan",
    "Preparing": "blue",
}


class Progress(Protocol):
    """Shows looks at a job."""

    def show(self, look: Look, watch: Watch) -> None:
        """Show one more look."""

    def close(self) -> None:
        """Nothing more comes."""


def progress(*, err: bool) -> Progress:
    """A live table where somebody looks on, time-stamped lines otherwise.

    Args:
        err: Talk on stderr, because stdout is for the answer.
    """
    stream = sys.stderr if err else sys.stdout
    plain = not stream.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return Lines(err=err) if plain else LiveTable(stream)


class Lines:
    """A line per step and status change, with how long the status before lasted."""

    def __init__(self, *, err: bool) -> None:
        self._err = err
        self._status = ""
        self._width = 0

    def show(self, look: Look, watch: Watch) -> None:
        """Print what moved."""
        self._width = max([self._width, *(len(step.step) for step in look.steps)])
        changed = is_pipeline(look.job) and look.status != self._status
        if changed and not look.ended:
            self._say(str(look.job["name"]), look.status)
        for step, old in look.moved:
            if step.status != "NotStarted":
                self._say(step.step, _told(step, old, watch))
        if changed and look.ended:
            self._say(str(look.job["name"]), look.status)
        self._status = look.status

    def close(self) -> None:
        """Lines need no end."""

    def _say(self, what: str, text: str) -> None:
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        click.echo(f"{stamp}  {what.ljust(self._width)}  {text}", err=self._err)


def _told(step: StepRun, old: str | None, watch: Watch) -> str:
    if step.reused_from is not None:
        return f"{step.status}, reused from {step.reused_job or step.reused_from}"
    if old is None or old == "NotStarted":
        return step.status
    return f"{step.status} after {watch.seen(step).get(old, 0.0):.1f} s {old}"


class LiveTable:
    """A table that is drawn again at every look, and stays when the job has ended."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(file=stream), refresh_per_second=8)
        self._live.start()
        self._since: dict[str, float] = {}

    def show(self, look: Look, watch: Watch) -> None:
        """Draw the table."""
        now = time.monotonic()
        for step, _ in look.moved:
            self._since[step.name] = now
        self._live.update(self._table(look, watch, now))

    def close(self) -> None:
        """Leave the last table standing."""
        self._live.stop()

    def _table(self, look: Look, watch: Watch, now: float) -> Any:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, title_justify="left")
        table.title = f"{look.job['name']}  {look.status}"
        for heading in ("Step", "Status", "Seconds"):
            table.add_column(heading, justify="right" if heading == "Seconds" else "left")
        for step in look.steps:
            status = f"{step.status} (reused)" if step.reused_from is not None else step.status
            spent = sum(seconds for state, seconds in watch.seen(step).items() if state != "NotStarted")
            if not step.ended and step.status != "NotStarted":
                spent += now - self._since.get(step.name, now)
            table.add_row(
                step.step,
                Text(status, style=_COLOURS.get(step.status, "")),
                f"{spent:.1f}" if spent and step.reused_from is None else "",
            )
        return table
