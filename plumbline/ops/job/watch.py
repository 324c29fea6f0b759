"""A job as it goes: looked at again and again, quickly while it moves, ever more slowly while it does not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from plumbline.ops.run_history import ENDED, RunHistory, StepRun
from plumbline.ops.target import Target

# Seconds between two looks: (first, longest). Azure asks clients for two at least.
EMULATED, AZURE = (0.2, 1.0), (2.0, 10.0)
_SLOWER = 1.25
_LATE_STEPS = 10


class Pace:
    """When to look again."""

    def __init__(self, target: Target, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._first, self._longest = EMULATED if target.is_emulated else AZURE
        self._next = self._first
        self._sleep = sleep
        self.waited = 0.0

    def wait(self) -> None:
        """Wait, a little longer each time."""
        self._sleep(self._next)
        self.waited += self._next
        self._next = min(self._longest, self._next * _SLOWER)

    def quicken(self) -> None:
        """Something moved: more may follow soon."""
        self._next = self._first


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one look at a job found.

    Attributes:
        moved: Steps whose status is another one than at the last look, with that one (None at the first).
    """

    job: Mapping[str, Any]
    steps: tuple[StepRun, ...]
    moved: tuple[tuple[StepRun, str | None], ...]

    @property
    def status(self) -> str:
        """The job's status."""
        return str(self.job["properties"]["status"])

    @property
    def ended(self) -> bool:
        """Whether the job's status is final."""
        return self.status in ENDED


@dataclass
class Stay:
    """How long a step was seen in each status, in seconds."""

    status: str
    since: float
    seconds: dict[str, float] = field(default_factory=dict)


class Watch:
    """Looks at one job until it has ended."""

    def __init__(self, history: RunHistory, name: str, pace: Pace) -> None:
        self._history = history
        self._name = name
        self._pace = pace
        self._stays: dict[str, Stay] = {}

    def looks(self) -> Iterator[Look]:
        """Every look that is made, the last one at the ended job."""
        late, last = 0, ""
        while True:
            # The job first: when it has ended, its steps have, so that none is left half seen.
            job = self._history.job(self._name)
            steps = self._history.steps(job) if is_pipeline(job) else self._alone(job)
            look = Look(job=job, steps=tuple(steps), moved=tuple(self._moved(steps)))
            if look.ended and not all(step.ended for step in steps) and late < _LATE_STEPS:
                late += 1  # run history may lag behind
            elif look.ended:
                yield look
                return
            yield look
            if look.moved or look.status != last:
                self._pace.quicken()
            last = look.status
            self._pace.wait()

    def _alone(self, job: Mapping[str, Any]) -> list[StepRun]:
        """A job without steps is its own only one."""
        run = self._history.run(str(job["name"]))
        return [run] if run else []

    def seen(self, step: StepRun) -> Mapping[str, float]:
        """Status -> seconds that a step was seen in it."""
        stay = self._stays.get(step.name)
        return stay.seconds if stay else {}

    def _moved(self, steps: list[StepRun]) -> Iterator[tuple[StepRun, str | None]]:
        now = time.monotonic()
        for step in steps:
            stay = self._stays.setdefault(step.name, Stay(status="", since=now))
            if stay.status == step.status:
                continue
            old = stay.status or None
            if old:
                stay.seconds[old] = stay.seconds.get(old, 0.0) + now - stay.since
            stay.status, stay.since = step.status, now
            yield step, old


def is_pipeline(job: Mapping[str, Any]) -> bool:
    """Whether a job has steps."""
    return bool(job["properties"].get("jobType") == "Pipeline")
