"""Steps, and runs, that take longer than their release says (`expected_seconds` of release.yml)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from plumbline.ops.job.watch import Look
from plumbline.ops.release.contract import pipeline_of_body, whole_contract
from plumbline.ops.run_history import StepRun


class Overdue:
    """Warns of each step and of the run once, while it runs or when it has ended."""

    def __init__(self) -> None:
        self._expected: Mapping[str, int] | None = None
        self._in_all: int | None = None
        self._told: set[str] = set()

    def warnings(self, look: Look, *, now: datetime | None = None) -> Iterator[str]:
        """What is new since the last look.

        Args:
            now: Optional. The time to judge running steps by. Default: the clock's.
        """
        if self._expected is None:
            contract = whole_contract(pipeline_of_body(look.job))
            self._expected = contract.expected_seconds if contract else {}
            self._in_all = contract.pipeline_seconds if contract else None
        moment = now or datetime.now(UTC)
        for step in look.steps:
            expected = self._expected.get(step.step)
            yield from self._late(step.name, step.step, _seconds(step, moment), expected, ended=step.ended)
        yield from self._late("", "the run", _whole(look, moment), self._in_all, ended=look.ended)

    def _late(
        self, key: str, what: str, took: float | None, expected: int | None, *, ended: bool
    ) -> Iterator[str]:
        if expected is not None and took is not None and took > expected and key not in self._told:
            self._told.add(key)
            verb = "took" if ended else "has run for"
            yield f"{what} {verb} {took:.0f} s, expected at most {expected} s by release.yml."


def _whole(look: Look, now: datetime) -> float | None:
    """From the first step's submission to the last one's end, waiting included."""
    began = [step.created_at for step in look.steps if step.created_at is not None]
    ends = [step.ended_at for step in look.steps if step.ended_at is not None]
    return ((max(ends) if look.ended and ends else now) - min(began)).total_seconds() if began else None


def _seconds(step: StepRun, now: datetime) -> float | None:
    """How long a step ran; what it waited for and what it reused is not its own time."""
    if step.reused_from is not None or step.started_at is None:
        return None
    return ((step.ended_at or now) - step.started_at).total_seconds()
