"""A pair of measurements made in turn, so that a busy machine slows both, and their ratio."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Run = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What is measured, and what it is compared with.

    Attributes:
        at_most: bound on the subject's median, in seconds; None when only the ratio tells something.
        ratio_at_most: bound on the ratio of the medians; None when there is none yet.
    """

    name: str
    subject: Run
    baseline: Run
    baseline_name: str
    at_most: float | None = None
    ratio_at_most: float | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """The medians of a pair, in seconds."""

    pair: Pair
    rounds: int
    subject: float
    baseline: float

    @property
    def ratio(self) -> float:
        """How many times the baseline the subject takes."""
        return self.subject / self.baseline

    @property
    def is_kept(self) -> bool:
        """Whether both bounds are kept."""
        limits = ((self.subject, self.pair.at_most), (self.ratio, self.pair.ratio_at_most))
        return all(bound is None or value <= bound for value, bound in limits)


def measure(pair: Pair, rounds: int) -> Result:
    """Run both sides once unmeasured (caches), then in turn, and take the medians."""
    pair.baseline()
    pair.subject()
    baselines, subjects = [], []
    for _ in range(rounds):
        baselines.append(_seconds(pair.baseline))
        subjects.append(_seconds(pair.subject))
    return Result(
        pair=pair, rounds=rounds, subject=statistics.median(subjects), baseline=statistics.median(baselines)
    )


def _seconds(run: Run) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
