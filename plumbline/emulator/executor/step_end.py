"""How a step ends: its files and logs are kept as far as they can be, and its run says the end, whatever went wrong."""

from __future__ import annotations

import json
import logging
import sqlite3
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from plumbline.emulator.executor.blob_writer import LeftOut, in_words
from plumbline.emulator.executor.run import Run, Runs
from plumbline.emulator.executor.step_error import error_body
from plumbline.emulator.executor.step_folder import StepFolder
from plumbline.emulator.executor.step_outputs import StepOutputs
from plumbline.emulator.executor.step_record import StepRecord
from plumbline.emulator.executor.storage import Tree, Unreachable

_log = logging.getLogger("plumbline.emulator.executor")
# A full disk has room again when steps that end have cleared their folders; nobody waits longer for it.
_TRIES = 20
_PAUSE_SECONDS = 0.5
_NOT_KEPT = (Unreachable, LeftOut, OSError, sqlite3.Error, ValueError)


@dataclass(frozen=True, kw_only=True)
class StepEnd:
    """The end of one step."""

    runs: Runs
    workspace_id: str
    name: str
    record: StepRecord
    kept: StepOutputs
    folder: StepFolder

    def write(
        self, status: str, error: dict[str, Any] | None, timings: dict[str, int], outputs: dict[str, Tree]
    ) -> None:
        """Keep what is to be kept, remove the step's folders, and end its run."""
        self._keep_own_files()
        self.record.finished(
            status=status,
            error=error,
            timings=timings,
            outputs=outputs,
            run=self.runs.get(self.workspace_id, self.name),
        )
        logs = self._keep_logs()
        # Before the run is written: on a full disk this makes the room for it.
        self._clear(logs_too=bool(logs))

        def finish(run: Run) -> None:
            run.status, run.error, run.timings, run.processes = status, error, timings, []
            run.ended_at = time.time()
            run.started_at = run.started_at or run.ended_at
            run.record, run.warnings = self.record.as_json(), list(self.record.warnings)
            run.logs = logs or run.logs

        write_last_word(self.runs, self.workspace_id, self.name, finish)

    def write_plainly(self, status: str, error: dict[str, Any]) -> None:
        """End its run and keep nothing."""

        def finish(run: Run) -> None:
            run.status, run.error, run.ended_at, run.processes = status, error, time.time(), []

        write_last_word(self.runs, self.workspace_id, self.name, finish)

    def _clear(self, *, logs_too: bool) -> None:
        try:
            self.folder.clear(logs_too=logs_too)
        except RecursionError:
            # shutil.rmtree calls itself for each level; a step may dig as deep as it likes.
            deep = [str(self.folder.root)] if logs_too else self.folder.writable()
            subprocess.run(["/bin/rm", "-rf", "--", *deep], check=False)

    def _keep_own_files(self) -> None:
        try:
            self.record.warnings += in_words(self.kept.keep_own_files())
        except _NOT_KEPT as failure:
            self.record.warnings.append(f"./outputs and ./logs are not kept: {failure}")

    def _keep_logs(self) -> list[str]:
        system = self.folder.artifacts / "system_logs"
        try:
            system.mkdir(parents=True, exist_ok=True)
            (system / "run_record.json").write_text(json.dumps(self.record.as_json(), indent=1))
            return self.kept.keep_logs()
        except _NOT_KEPT as failure:
            _log.warning("run %s: its logs are not kept: %s", self.name, failure)
            self.record.warnings.append(f"the logs and the run record are not kept: {failure}")
            return []


def canceled_end(reason: str) -> tuple[str, dict[str, Any]]:
    """Return status and error of a step that was ended from outside: stopped, failed (another step) or canceled."""
    if reason == "stopped":
        return "Failed", error_body("SystemError", "The emulator was stopped while this step ran.", "stopped")
    why = " because another step failed and continue_on_step_failure is false" if reason == "failed" else ""
    return "Canceled", error_body("UserError", f"The step was canceled{why}.", "canceled")


def write_last_word(runs: Runs, workspace_id: str, name: str, change: Callable[[Run], None]) -> None:
    """Write how a run ended, again and again while the database has no room.

    Raises: sqlite3.Error: it had none for long; the next start of the emulator says then how the run ended.
    """
    for left in range(_TRIES, 0, -1):
        try:
            runs.change(workspace_id, name, change)
        except KeyError:
            return  # removed with its workspace
        except sqlite3.OperationalError as failure:
            _log.warning("run %s: its end is not written yet: %s", name, failure)
            if left == 1:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return
