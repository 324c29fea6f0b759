"""What the platform itself keeps of a step's outputs, so that files that were changed afterwards are noticed.

The emulator's executor records the SHA-256 of every file of an output. Azure has nothing of the kind: there no file may be
younger than its step's end. A record is believed only where the platform writes it: on Azure anyone could.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from plumbline.ops.azure_session import AzureSession
from plumbline.ops.job.outcome import RECORD
from plumbline.ops.json_document import read_json
from plumbline.ops.release.stored_files import StoredFile, StoredFiles
from plumbline.ops.run_history import RunHistory, StepRun

# Rests on outputs-older-than-their-steps-end.
# Two clocks, storage's and run history's, and whole seconds in Last-Modified.
ALLOWANCE = timedelta(seconds=30)
_ARTIFACTS = "azureml://datastores/workspaceartifactstore/paths/ExperimentRun"


@dataclass(frozen=True, kw_only=True)
class StepAccount:
    """One step's outputs, by the account of who ran it.

    Attributes:
        step: Its place in the graph, and `run`, the run's name.
        ended_at: When the run that wrote the outputs ended; None when that is not known.
        recorded: Output -> path -> SHA-256; None without a record.
    """

    step: str
    run: str
    ended_at: datetime | None
    recorded: Mapping[str, Mapping[str, str]] | None = None

    def differences(self, output: str, files: Mapping[str, StoredFile]) -> list[str]:
        """Where the files as they are now are not those that the step wrote; empty when they are."""
        where = f"steps.{self.step}.outputs.{output}"
        if self.recorded is not None:
            return [f"{where}: {text}" for text in self._by_record(self.recorded.get(output), files)]
        if self.ended_at is None:
            return [
                f"{where}: got no end of run {self.run}, expected one: whether files changed since is not known"
            ]
        return [
            f"{where}: {name}: got a change at {file.changed_at.isoformat()}, expected none after run {self.run} ended "
            f"at {self.ended_at.isoformat()}"
            for name, file in sorted(files.items())
            if file.changed_at > self.ended_at + ALLOWANCE
        ]

    def _by_record(self, wrote: Mapping[str, str] | None, files: Mapping[str, StoredFile]) -> Iterator[str]:
        if wrote is None:
            yield f"got an output that run {self.run} has no record of, expected its hashes"
            return
        for name in sorted({*wrote, *files}):
            got = f"sha256 {files[name].sha256}" if name in files else "nothing"
            expected = f"sha256 {wrote[name]}" if name in wrote else "nothing"
            if got != expected:
                yield f"{name}: got {got}, expected {expected} as run {self.run} recorded it"


def step_account(
    session: AzureSession, history: RunHistory, files: StoredFiles, step: StepRun
) -> StepAccount:
    """Read what is kept of a step; of a reused one, of the run that wrote the files, too."""
    runs = [step, history.run(step.reused_from)] if step.reused_from is not None else [step]
    ends = [run.ended_at if run else None for run in runs]
    # The earliest: a step that merely says that it reused a later run gains nothing by it.
    ended_at = min((end for end in ends if end is not None), default=None) if None not in ends else None
    recorded = _recorded(files, step) if session.target.is_emulated else None
    return StepAccount(step=step.step, run=step.name, ended_at=ended_at, recorded=recorded)


def _recorded(files: StoredFiles, step: StepRun) -> Mapping[str, Mapping[str, str]] | None:
    """Hashes of the step's own record; None when there is none, or it was written after the step's end."""
    found = files.stored(f"{_ARTIFACTS}/dcid.{step.name}/{RECORD}")
    file = next(iter(found.values()), None)
    if file is None or file.content is None or step.ended_at is None:
        return None
    if file.changed_at > step.ended_at + ALLOWANCE:
        return None
    try:
        record: dict[str, Any] = read_json(file.content)
        if record["run"] != step.name:
            return None
        return {name: dict(output["files"]) for name, output in record["outputs"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
