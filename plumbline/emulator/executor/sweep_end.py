"""How a sweep ends: the best of its trials by the metric that each logged, whose outputs are the sweep's.

Source: learn, "Hyperparameter tuning a model (v2)". That every logged value counts, not only the last, is assumed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plumbline.emulator.executor.parts import ExecutorParts
from plumbline.emulator.executor.step_plan import SweepPlan
from plumbline.emulator.services.mlflow.table import TrackingTable
from plumbline.emulator.store import Resource


@dataclass(frozen=True, kw_only=True)
class SweepEnd:
    """What a sweep's run says in the end.

    Args:
        completed: Whether a trial completed: the others may fail.
        best: Path of the best trial; empty when none logged the metric.
    """

    completed: bool = False
    best: str = ""
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        parts: ExecutorParts,
        workspace: Resource,
        plan: SweepPlan,
        names: Mapping[str, str],
        status: Mapping[str, str],
    ) -> SweepEnd:
        """Return the end of a sweep whose trials have ended.

        Args:
            names, status: of the trials by path.
        """
        completed = [names[path] for path, state in status.items() if state == "Completed"]
        found = _best(TrackingTable(parts.emulator.store), workspace, plan, completed)
        if found is None:
            return cls(completed=bool(completed))
        name, score = found
        run = parts.runs.get(workspace.id, name)
        properties = {"best_child_run_id": name, "score": str(score), "best_metric_status": "Succeeded"}
        best = next(path for path in status if names[path] == name)
        return cls(completed=True, best=best, outputs=dict(run.outputs) if run else {}, properties=properties)


def _best(
    table: TrackingTable, workspace: Resource, plan: SweepPlan, runs: list[str]
) -> tuple[str, float] | None:
    values = [
        (run, float(one["value"]))
        for run in runs
        for one in table.history(workspace.id.lower(), run, plan.metric)
        if isinstance(one["value"], float) and math.isfinite(one["value"])
    ]
    if not values:
        return None
    return (max if plan.maximize else min)(values, key=lambda one: one[1])
