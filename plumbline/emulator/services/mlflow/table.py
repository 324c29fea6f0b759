"""Metrics, parameters and experiments, in tables of their own."""

from __future__ import annotations

import time
from typing import Any

from plumbline.emulator.executor.tracking import experiment_id
from plumbline.emulator.store import Store

_SCHEMA = (
    """CREATE TABLE mlflow_metric (workspace TEXT NOT NULL, run TEXT NOT NULL, key TEXT NOT NULL, step INTEGER NOT NULL,
        timestamp INTEGER NOT NULL, value TEXT NOT NULL)""",
    "CREATE INDEX mlflow_metric_run ON mlflow_metric (workspace, run, key)",
    """CREATE TABLE mlflow_param (workspace TEXT NOT NULL, run TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (workspace, run, key)) WITHOUT ROWID""",
    """CREATE TABLE mlflow_experiment (workspace TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
        created INTEGER NOT NULL, PRIMARY KEY (workspace, id)) WITHOUT ROWID""",
)


class TrackingTable:
    """What MLflow clients log beside tags, which are the run's own."""

    def __init__(self, store: Store) -> None:
        """Args: store: the emulator's."""
        self._store = store

    @staticmethod
    def prepare(store: Store) -> None:
        """Make the tables."""
        store.migrate("mlflow", _SCHEMA)

    def log_metric(self, workspace: str, run: str, metric: dict[str, Any]) -> None:
        """Keep one value; NaN and infinities are kept as MLflow writes them."""
        self._store.execute(
            "INSERT INTO mlflow_metric VALUES (?, ?, ?, ?, ?, ?)",
            (
                workspace,
                run,
                str(metric["key"]),
                int(metric.get("step") or 0),
                int(metric.get("timestamp") or time.time() * 1000),
                str(metric.get("value")),
            ),
        )

    def history(self, workspace: str, run: str, key: str) -> list[dict[str, Any]]:
        """Return all values of a metric in the order in which they came."""
        rows = self._store.execute(
            "SELECT * FROM mlflow_metric WHERE workspace = ? AND run = ? AND key = ? ORDER BY rowid",
            (workspace, run, key),
        )
        return [_metric(row) for row in rows]

    def latest(self, workspace: str, run: str) -> list[dict[str, Any]]:
        """Return the last value of each metric: of the highest step, then time, then arrival."""
        rows = self._store.execute(
            "SELECT * FROM mlflow_metric WHERE workspace = ? AND run = ? ORDER BY step, timestamp, rowid",
            (workspace, run),
        )
        return list({row["key"]: _metric(row) for row in rows}.values())

    def log_param(self, workspace: str, run: str, key: str, value: str) -> str | None:
        """Keep a parameter once; return the value that is there when it is another."""
        rows = self._store.execute(
            "SELECT value FROM mlflow_param WHERE workspace = ? AND run = ? AND key = ?",
            (workspace, run, key),
        )
        if rows:
            present: str = rows[0]["value"]
            return None if present == value else present
        self._store.execute("INSERT INTO mlflow_param VALUES (?, ?, ?, ?)", (workspace, run, key, value))
        return None

    def params(self, workspace: str, run: str) -> list[dict[str, str]]:
        """Return a run's parameters by name."""
        rows = self._store.execute(
            "SELECT key, value FROM mlflow_param WHERE workspace = ? AND run = ? ORDER BY key",
            (workspace, run),
        )
        return [{"key": row["key"], "value": row["value"]} for row in rows]

    def add_experiment(self, workspace: str, name: str) -> tuple[str, bool]:
        """Return an experiment's id, and whether it is new."""
        identifier = experiment_id(workspace, name)
        known = self._store.execute(
            "SELECT 1 FROM mlflow_experiment WHERE workspace = ? AND id = ?", (workspace, identifier)
        )
        if not known:
            self._store.execute(
                "INSERT INTO mlflow_experiment VALUES (?, ?, ?, ?)",
                (workspace, identifier, name, int(time.time() * 1000)),
            )
        return identifier, not known

    def experiments(self, workspace: str) -> dict[str, tuple[str, int]]:
        """Return id to (name, creation in ms)."""
        rows = self._store.execute("SELECT * FROM mlflow_experiment WHERE workspace = ?", (workspace,))
        return {row["id"]: (row["name"], row["created"]) for row in rows}


def _metric(row: Any) -> dict[str, Any]:
    try:
        value: float | str = float(row["value"])
        if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124  JSON has no such numbers
            value = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    except ValueError:
        value = row["value"]
    return {"key": row["key"], "value": value, "timestamp": row["timestamp"], "step": row["step"]}
