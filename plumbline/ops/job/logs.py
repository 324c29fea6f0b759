"""`plumbline job logs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from plumbline.ops.errors import UserError
from plumbline.ops.job.options import Place, job_name, place_options
from plumbline.ops.visible import uncommanded


@click.command("logs")
@job_name
@click.option("--step", metavar="STEP", help="This step only.")
@click.option("--follow", "-f", is_flag=True, help="Go on printing until the job has ended.")
@click.option("--system", is_flag=True, help="Logs of the service too: environment build, records.")
@place_options
def command(job: str, step: str | None, follow: bool, system: bool, place: Place) -> None:
    """Print what the steps of a job printed, each line under its step's name.

    With --follow a step that has not been scheduled yet is waited for.

    \b
    Example: plumbline job logs calm_lake_x7 --step train --follow --stack local
    """
    session = place.session()
    with session.patient():
        _print_logs(session, job, step, follow=follow, system=system)


def _print_logs(session: Any, job: str, step: str | None, *, follow: bool, system: bool) -> None:
    from plumbline.ops.job.watch import Pace
    from plumbline.ops.run_history import ENDED, RunHistory

    history = RunHistory(session)
    printed: dict[tuple[str, str], int] = {}
    pace = Pace(session.target)
    while True:
        body = history.job(job)
        status = body["properties"]["status"]
        ended = status in ENDED
        runs = _runs(history, body, step)
        wanted = [(label, run) for label, run in runs if (run, "") not in printed]
        texts = session.side_by_side(lambda entry: _logs(history, entry[1], system), wanted)
        news = 0
        for (label, run), (over, files) in zip(wanted, texts, strict=True):
            for path, text in files.items():
                news += _print_news(printed, label, (run, path), text, over=over)
            if over:
                printed[run, ""] = 1
        if ended or not follow:
            if step is not None and not runs:
                click.echo(f"{job}: step {step} {_absence(status, ended=ended)}.", err=True)
            elif not any(count for count in printed.values()):
                click.echo(f"{job}: nothing was printed{'' if ended else ' so far'}.", err=True)
            return
        if news:
            pace.quicken()
        pace.wait()


def _runs(history: Any, body: Mapping[str, Any], step: str | None) -> list[tuple[str, str]]:
    """Label and name of each run whose logs are asked for; a reused step's are those of the run it reused.

    Empty while the wanted step has not been scheduled: Azure lists no run of it before.
    Raises: UserError: the job has no such step.
    """
    from plumbline.assets.graph import graph_of_jobs
    from plumbline.ops.job.digest import live_job
    from plumbline.ops.job.watch import is_pipeline

    steps = [one for one in history.steps(body) if not one.is_group]
    if step is None:
        if not steps:
            return [("", body["name"])]
        return [(one.step, one.reused_from or one.name) for one in steps]
    chosen = [("", one.reused_from or one.name) for one in steps if one.step == step]
    defined = list((body["properties"].get("jobs") or {}) if is_pipeline(body) else {})
    # Of a nested pipeline the definition names the step that holds it; of a job of a changed schedule, nothing.
    if not chosen and (defined or not is_pipeline(body)) and step.partition("/")[0] not in defined:
        known = dict.fromkeys(
            [*(one.step for one in steps), *graph_of_jobs(live_job(body).get("jobs") or {}).names]
        )
        raise UserError(
            f"--step: got {step!r}, expected one of {', '.join(known) or 'none: it has no steps'}."
        )
    return chosen


def _absence(status: str, *, ended: bool) -> str:
    return f"did not run: the job is {status}" if ended else "has not started"


def _logs(history: Any, run: str, system: bool) -> tuple[bool, dict[str, str]]:
    from plumbline.ops.run_history import ENDED

    details = history.details(run)
    files = {
        path: url
        for path, url in sorted((details.get("logFiles") or {}).items())
        if path.startswith("user_logs/") or (system and not path.endswith(".json"))
    }
    return details.get("status") in ENDED, {path: history.log(url) for path, url in files.items()}


def _print_news(
    printed: dict[tuple[str, str], int], label: str, log: tuple[str, str], text: str, *, over: bool
) -> int:
    """Print what is new of a log, whole lines only while it may still grow; answers how many they were."""
    done = printed.get(log, 0)
    fresh = text[done:]
    if not over:
        fresh = fresh[: fresh.rfind("\n") + 1]
    printed[log] = done + len(fresh)
    lines = fresh.splitlines()
    for line in lines:
        click.echo(uncommanded(f"[{label}] {line}" if label else line))
    return len(lines)
