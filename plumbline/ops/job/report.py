"""The end of a job, for people: times, failures, the gate's verdict, where to look."""

from __future__ import annotations

import click

from plumbline.ops.job.outcome import PHASES, Outcome, StepOutcome
from plumbline.ops.visible import uncommanded


def print_report(outcome: Outcome, *, err: bool, words: str) -> None:
    """Print how a job ended.

    Args:
        err: Talk on stderr, because stdout is for the answer.
        words: Options that name the workspace, for a command that is proposed.
    """
    for line in report_lines(outcome, words=words):
        click.echo(uncommanded(line), err=err)


def report_lines(outcome: Outcome, *, words: str = "") -> list[str]:
    """The same as lines."""
    lines = [""]
    if outcome.steps:
        lines += _times(outcome)
    for step in outcome.steps:
        if step.run.status == "Failed":
            lines += _failure(step)
    if not any(step.run.status == "Failed" for step in outcome.steps) and outcome.error:
        lines += ["", f"{outcome.job['name']}: {outcome.error}"]
    if outcome.verdict is not None:
        lines += ["", *_verdict(outcome)]
    has_studio = bool((outcome.job["properties"].get("services") or {}).get("Studio"))
    look = [f"Studio: plumbline job open {outcome.job['name']}{words}"] if has_studio else []
    return [*lines, "", _last(outcome), *look]


def _times(outcome: Outcome) -> list[str]:
    headings = ["Step", "Outcome", *(phase.capitalize() for phase in PHASES), "Seconds"]
    rows = [headings, *(_row(step) for step in outcome.steps)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(headings))]
    return [
        "  ".join(
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _row(step: StepOutcome) -> list[str]:
    run = step.run
    if run.reused_from is not None:
        what = f"{run.status}, reused from {run.reused_job or run.reused_from}"
        return [run.step, what, *("" for _ in PHASES), "0.0"]
    total = sum(step.seconds.values())
    return [
        run.step,
        run.status,
        *(f"{step.seconds[phase]:.1f}" if phase in step.seconds else "" for phase in PHASES),
        f"{total:.1f}" if step.seconds else "",
    ]


def _failure(step: StepOutcome) -> list[str]:
    error = step.error or "failed, and Azure does not say why."
    if step.log and step.log.splitlines()[-1] in error:
        error = error.splitlines()[0]  # it quotes the end of the log, which follows
    lines = ["", f"{step.run.step}: {error}"]
    if step.log:
        lines += [
            f"  the end of its log ({step.run.name}):",
            *(f"  | {line}" for line in step.log.splitlines()),
        ]
    return lines


def _verdict(outcome: Outcome) -> list[str]:
    verdict = outcome.verdict
    assert verdict is not None
    width = max((len(check.metric) for check in verdict.checks), default=0)
    shown = verdict.checks if verdict.passed else verdict.missed
    if outcome.gate_closed:
        head = f"Gate closed: {len(verdict.missed)} of {len(verdict.checks)} thresholds missed."
    elif verdict.passed:
        head = f"Verdict: pass, {len(verdict.checks)} of {len(verdict.checks)} thresholds reached."
    else:
        head = f"Verdict: fail, {len(verdict.missed)} of {len(verdict.checks)} thresholds missed."
    return [
        head,
        *(
            f"  {check.metric.ljust(width)}  {'not measured' if check.value is None else check.value}"
            f", threshold {check.limit}"
            for check in shown
        ),
    ]


def _last(outcome: Outcome) -> str:
    took = "" if outcome.seconds is None else f" in {outcome.seconds:.1f} s"
    reused = [step for step in outcome.steps if step.run.reused_from is not None]
    text = f"{outcome.job['name']}: {outcome.status}{took}"
    if not reused:
        return f"{text}."
    ran = [step.run.step for step in outcome.steps if step.run.reused_from is None and step.run.started_at]
    names = ", ".join(step.run.step for step in reused)
    return f"{text}. Reused: {names}. Ran: {', '.join(ran) or 'none'}. Reuse saved {outcome.saved_seconds:.1f} s."
