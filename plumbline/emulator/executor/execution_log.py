"""A pipeline's own log: which step did what and when, as `jobs.stream` prints it."""

from __future__ import annotations

import logging
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from plumbline.emulator.executor.blob_writer import LeftOut
from plumbline.emulator.executor.storage import Location, Storage, Unreachable
from plumbline.emulator.store import Resource

_log = logging.getLogger("plumbline.emulator.executor")
EXECUTION_LOG = "logs/azureml/executionlogs.txt"


class ExecutionLog:
    """The log of one job. What cannot be written is told to the emulator's log: a job never fails for its log."""

    def __init__(self, folder: Path) -> None:
        """Args: folder: of the job's artifacts."""
        self._path = folder / EXECUTION_LOG

    def say(self, text: str) -> None:
        """Write one line with the time."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"[{stamp}Z] {text}\n")
        except OSError as failure:
            _log.warning("'%s' is not in %s: %s", text, self._path, failure)

    def keep(self, storage: Storage, workspace: Resource, job: str) -> None:
        """Put it among the job's artifacts."""
        try:
            where = storage.artifacts(workspace, job)
            place = Location(
                container=where.container, prefix=f"{where.prefix}/{EXECUTION_LOG}", uri=where.uri
            )
            storage.upload(place, self._path)
        except (Unreachable, LeftOut, OSError, sqlite3.Error) as failure:
            _log.warning("job %s: its log is not kept: %s", job, failure)
