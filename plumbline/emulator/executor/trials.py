"""Which steps of a job are trials of a sweep, and when a sweep has ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from plumbline.emulator.executor.run import ENDED
from plumbline.emulator.executor.step_plan import JobPlan, SweepPlan


class Trials:
    """The trials of one job: all of its steps when it is a sweep, else those below a step that is one."""

    def __init__(self, plan: JobPlan) -> None:
        self._sweeps = plan.sweeps
        self._of = {
            step.path: sweep for step in plan.steps if (sweep := step.path.rpartition("/")[0]) in self._sweeps
        }

    def sweep_of(self, path: str) -> str | None:
        """Return the path of the sweep that a step is a trial of; None for any other step."""
        return self._of.get(path)

    def plan_of(self, sweep: str) -> SweepPlan:
        """Return a sweep's plan."""
        return self._sweeps[sweep]

    def of(self, sweep: str) -> list[str]:
        """Return the paths of a sweep's trials."""
        return [path for path, owner in self._of.items() if owner == sweep]

    def may_start(self, path: str, running: Iterable[str]) -> bool:
        """Say whether a step may start beside those that run: a sweep says how many of its trials may."""
        sweep = self._of.get(path)
        if sweep is None:
            return True
        return sum(self._of.get(one) == sweep for one in running) < self._sweeps[sweep].at_once

    def over(self, path: str, status: Mapping[str, str]) -> str | None:
        """Return the sweep below a pipeline that ended with this trial; None when none did."""
        sweep = self._of.get(path)
        if not sweep or any(status.get(one) not in ENDED for one in self.of(sweep)):
            return None
        return sweep

    def without(self, status: Mapping[str, str]) -> dict[str, str]:
        """Return how steps ended, a sweep among them in the place of its trials."""
        return {path: state for path, state in status.items() if not self._of.get(path)}
