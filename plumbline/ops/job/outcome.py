"""How a job ended: each step's times, what failed and why, whether the gate closed, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import FOUND, UserError
from plumbline.ops.job.datastore_files import DatastoreFiles
from plumbline.ops.job.verdict import Verdict, find_verdict
from plumbline.ops.job.watch import Look, Watch
from plumbline.ops.release.contract import checkout_contract, pipeline_of_body
from plumbline.ops.run_history import RunHistory, StepRun

PHASES = ("queued", "preparing", "running", "uploading")
TAIL_LINES = 20
_PHASE_OF = {
    "Queued": "queued",
    "NotStarted": "queued",
    "Starting": "preparing",
    "Preparing": "preparing",
    "Provisioning": "preparing",
    "Running": "running",
    "Finalizing": "uploading",
}
# Written by the emulator only; on Azure the phases are what was seen of them.
RECORD = "system_logs/run_record.json"


@dataclass(frozen=True, kw_only=True)
class StepOutcome:
    """How one step ended.

    Attributes:
        seconds: Phase -> seconds, as far as they are known.
        saved: Seconds that the reused run took, when this one reused it.
        error: What Azure says went wrong; `log` is the end of what the step printed then.
    """

    run: StepRun
    seconds: Mapping[str, float]
    saved: float | None = None
    error: str | None = None
    log: str | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a job ended.

    Attributes:
        gate: The step that fails when the verdict says no, as the checkout's release.yml names it.
    """

    job: Mapping[str, Any]
    steps: tuple[StepOutcome, ...]
    seconds: float | None
    error: str | None
    verdict: Verdict | None
    gate: str | None = None

    @property
    def status(self) -> str:
        """The job's status."""
        return str(self.job["properties"]["status"])

    @property
    def gate_closed(self) -> bool:
        """Whether the gate failed because the verdict says no. A gate that crashed did not close."""
        failed = any(step.run.step == self.gate and step.run.status == "Failed" for step in self.steps)
        return failed and self.verdict is not None and not self.verdict.passed

    @property
    def exit_code(self) -> int:
        """0 Completed, 3 the gate closed, 1 otherwise."""
        if self.status == "Completed":
            return 0
        return FOUND if self.gate_closed else 1

    @property
    def saved_seconds(self) -> float:
        """What reuse saved."""
        return sum(step.saved or 0.0 for step in self.steps)


def outcome_of(session: AzureSession, history: RunHistory, watch: Watch, look: Look) -> Outcome:
    """Gather how a job ended, its steps side by side.

    A verdict that cannot be read is reported on stderr: not everybody who may submit may read blobs.
    """
    own = history.run(str(look.job["name"]))
    steps = session.side_by_side(
        lambda step: _step_outcome(history, watch, step), [step for step in look.steps if not step.is_group]
    )
    contract = checkout_contract(pipeline_of_body(look.job))
    try:
        verdict = find_verdict(history, DatastoreFiles(session), look.steps, contract)
    except UserError as error:
        verdict = None
        click.echo(f"{look.job['name']}: verdict not readable: {error}", err=True)
    return Outcome(
        job=look.job,
        steps=tuple(steps),
        seconds=own.seconds if own else None,
        error=error_text(history.details(str(look.job["name"]))) if look.status != "Completed" else None,
        verdict=verdict,
        gate=contract.gate if contract else None,
    )


def error_text(details: Mapping[str, Any]) -> str | None:
    """What went wrong, from a run's details; a step's message begins with a new line (recorded 2026-02-27)."""
    error = (details.get("error") or {}).get("error") or {}
    return str(error.get("message") or "").strip() or error.get("code")


def user_log(files: Mapping[str, str]) -> list[str]:
    """Paths of what the step itself printed, of a run's log files."""
    return sorted(path for path in files if path.startswith("user_logs/"))


def _step_outcome(history: RunHistory, watch: Watch, step: StepRun) -> StepOutcome:
    if step.reused_from is not None:
        earlier = history.run(step.reused_from)
        return StepOutcome(run=step, seconds={}, saved=earlier.seconds if earlier else None)
    details = history.details(step.name)
    files = details.get("logFiles") or {}
    error = log = None
    if step.status == "Failed":
        error = error_text(details)
        logs = user_log(files)
        log = "\n".join(history.log(files[logs[0]]).splitlines()[-TAIL_LINES:]) if logs else None
    return StepOutcome(run=step, seconds=_seconds(history, watch, step, files), error=error, log=log)


def _seconds(
    history: RunHistory, watch: Watch, step: StepRun, files: Mapping[str, str]
) -> Mapping[str, float]:
    if RECORD in files:
        timings = json.loads(history.log(files[RECORD])).get("timings") or {}
        return {phase: timings[f"{phase}_ms"] / 1000 for phase in PHASES if f"{phase}_ms" in timings}
    found: dict[str, float] = {}
    for status, seconds in watch.seen(step).items():
        phase = _PHASE_OF.get(status)
        if phase:
            found[phase] = found.get(phase, 0.0) + seconds
    if not found and step.seconds is not None:
        found["running"] = step.seconds
    return found
