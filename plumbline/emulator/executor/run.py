"""A run: what is known of a job or of a step of one, as it is kept."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from plumbline.emulator.store import Store

ENDED = frozenset({"Completed", "Failed", "Canceled", "NotResponding"})
_SCHEMA = (
    """CREATE TABLE run (sequence INTEGER PRIMARY KEY AUTOINCREMENT, workspace TEXT NOT NULL, name TEXT NOT NULL,
        parent TEXT NOT NULL, status TEXT NOT NULL, document TEXT NOT NULL, UNIQUE (workspace, name))""",
    "CREATE INDEX run_children ON run (workspace, parent, sequence)",
    "CREATE INDEX run_status ON run (status)",
    """CREATE TABLE run_result (workspace TEXT NOT NULL, key TEXT NOT NULL, run TEXT NOT NULL, at REAL NOT NULL,
        PRIMARY KEY (workspace, key)) WITHOUT ROWID""",
)


@dataclass(kw_only=True)
class Run:
    """One run. Times are seconds since the epoch, `timings` milliseconds.

    Args:
        workspace_id: Full ARM id.
        name: Unique in the workspace; a job's name, a step's GUID.
        root, parent: Names; parent is empty for a job.
        path: Place in the job, for example "outer/inner"; empty for the job itself.
        kind: pipeline, command, sweep (jobs), step, group (a nested pipeline component), trial (of a sweep), tracking
            (made by an MLflow client).
        definition: A job's `properties` as put, also where its answer does not show them (`schedule`, `deployment`); of
            a step, the command job that it is.
        schedule: Name of the schedule that made the job; empty for every other.
        deployment: ENDPOINT/DEPLOYMENT of the batch endpoint whose invocation made the job; empty for every other.
        scheduled_at: When a step got its row in run history; 0 while it waits for others, and for ever if it is skipped.
        outputs: Name to {"uri", "type", "digest", "bytes", "files", "run", "output"}; the last two say which step's
            output it is.
        processes: {"pid", "started"} of what runs now.
        record: What evidence needs, gathered as the run goes.
    """

    workspace_id: str
    name: str
    root: str
    parent: str = ""
    path: str = ""
    kind: str = "step"
    experiment: str = "Default"
    display_name: str = ""
    description: str = ""
    status: str = "NotStarted"
    schedule: str = ""
    deployment: str = ""
    created_at: float = field(default_factory=time.time)
    scheduled_at: float = 0.0
    started_at: float = 0.0
    ended_at: float = 0.0
    submitter: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    definition: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)
    timings: dict[str, int] = field(default_factory=dict)
    processes: list[dict[str, float]] = field(default_factory=list)
    record: dict[str, Any] = field(default_factory=dict)
    logs: list[str] = field(default_factory=list)
    compute_id: str = ""
    hidden: bool = False
    archived: bool = False
    sequence: int = 0

    @property
    def id(self) -> str:
        """ARM id of the job."""
        return f"{self.workspace_id}/jobs/{self.name}"

    @property
    def ended(self) -> bool:
        """Say whether nothing will change any more by itself."""
        return self.status in ENDED

    @property
    def is_below_job(self) -> bool:
        """Say whether it is a step or a nested pipeline of a job, which ARM shows without its properties."""
        return self.kind in ("step", "group", "sweep_step")

    @property
    def has_row(self) -> bool:
        """Say whether run history shows it: a step only once it was scheduled."""
        return not self.is_below_job or self.scheduled_at > 0


class Runs:
    """All runs of one emulator, in its database."""

    def __init__(self, store: Store) -> None:
        """Make the tables if need be."""
        self._store = store
        store.migrate("runs", _SCHEMA)

    def get(self, workspace_id: str, name: str) -> Run | None:
        """Return a run, or None."""
        rows = self._store.execute(
            "SELECT sequence, document FROM run WHERE workspace = ? AND name = ?",
            (workspace_id.lower(), name),
        )
        return _run(rows[0]) if rows else None

    def insert(self, runs: Sequence[Run]) -> None:
        """Keep new runs, all or none."""
        with self._store.transaction():
            for run in runs:
                self._store.execute(
                    "INSERT INTO run (workspace, name, parent, status, document) VALUES (?, ?, ?, ?, ?)",
                    (run.workspace_id.lower(), run.name, run.parent, run.status, _document(run)),
                )

    def change(self, workspace_id: str, name: str, change: Callable[[Run], None]) -> Run:
        """Load a run, change it, keep it; nobody else's change is lost.

        Raises: KeyError: there is none.
        """
        with self._store.transaction():
            run = self.get(workspace_id, name)
            if run is None:
                raise KeyError(name)
            change(run)
            self._store.execute(
                "UPDATE run SET status = ?, document = ? WHERE sequence = ?",
                (run.status, _document(run), run.sequence),
            )
        return run

    def children(self, workspace_id: str, name: str) -> list[Run]:
        """Return the runs right below one, in the order in which they were made."""
        rows = self._store.execute(
            "SELECT sequence, document FROM run WHERE workspace = ? AND parent = ? ORDER BY sequence",
            (workspace_id.lower(), name),
        )
        return [_run(row) for row in rows]

    def below(self, workspace_id: str, name: str) -> list[Run]:
        """Return all runs below one, parents before children."""
        found: list[Run] = []
        for child in self.children(workspace_id, name):
            found += [child, *self.below(workspace_id, child.name)]
        return found

    def jobs(self, workspace_id: str, *, before: int | None = None) -> list[Run]:
        """Return the jobs (no steps), newest first; `before` continues after that sequence."""
        rows = self._store.execute(
            "SELECT sequence, document FROM run WHERE workspace = ? AND parent = '' AND sequence < ? ORDER BY sequence DESC",
            (workspace_id.lower(), before if before is not None else 1 << 62),
        )
        return [_run(row) for row in rows]

    def everything(self, workspace_id: str) -> list[Run]:
        """Return jobs and steps, newest first."""
        rows = self._store.execute(
            "SELECT sequence, document FROM run WHERE workspace = ? ORDER BY sequence DESC",
            (workspace_id.lower(),),
        )
        return [_run(row) for row in rows]

    def unfinished(self) -> list[Run]:
        """Return the runs of all workspaces that are in no end state, in the order in which they were made."""
        marks = ", ".join("?" for _ in ENDED)
        rows = self._store.execute(
            f"SELECT sequence, document FROM run WHERE status NOT IN ({marks}) ORDER BY sequence",
            sorted(ENDED),
        )
        return [_run(row) for row in rows]

    def remember(self, workspace_id: str, key: str, name: str) -> None:
        """Keep which run has the results for a reuse key."""
        with self._store.transaction():
            self._store.execute(
                "REPLACE INTO run_result VALUES (?, ?, ?, ?)", (workspace_id.lower(), key, name, time.time())
            )

    def recall(self, workspace_id: str, key: str) -> Run | None:
        """Return the run that has the results for a reuse key, or None."""
        rows = self._store.execute(
            "SELECT run FROM run_result WHERE workspace = ? AND key = ?", (workspace_id.lower(), key)
        )
        return self.get(workspace_id, rows[0]["run"]) if rows else None

    def remove(self, workspace_id: str, name: str) -> None:
        """Remove a run with all below it."""
        with self._store.transaction():
            for run in [*self.below(workspace_id, name)]:
                self._store.execute("DELETE FROM run WHERE sequence = ?", (run.sequence,))
            self._store.execute(
                "DELETE FROM run WHERE workspace = ? AND name = ?", (workspace_id.lower(), name)
            )

    def forget_workspace(self, workspace_id: str) -> None:
        """Remove the runs of a workspace that is gone."""
        with self._store.transaction():
            self._store.execute("DELETE FROM run WHERE workspace = ?", (workspace_id.lower(),))
            self._store.execute("DELETE FROM run_result WHERE workspace = ?", (workspace_id.lower(),))


def time_text(seconds: float) -> str | None:
    """Write a time as Azure ML does (2026-01-31T12:00:00.1234567+00:00), or None for none."""
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0+00:00")


def _document(run: Run) -> str:
    return json.dumps(
        {name: value for name, value in asdict(run).items() if name != "sequence"}, separators=(",", ":")
    )


def _run(row: Any) -> Run:
    return Run(**json.loads(row["document"]), sequence=row["sequence"])
