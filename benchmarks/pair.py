"""A pair of measurements made in turn, so that a busy machine slows both, and their ratio."""

import statistics
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

# Answers the seconds that count where only a part does, for instance what another clock says; else it is timed.
Run = Callable[[], float | None]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What is measured, and what it is compared with.

    Attributes:
        at_most: bound on the subject's median, in seconds; None when only the ratio tells something.
        ratio_at_most: bound on the ratio of the medians; None when there is none yet.
        plus_seconds: what the subject may take beyond that ratio, for a cost that does not grow with the baseline.
    """

    name: str
    subject: Run
    baseline: Run
    baseline_name: str
    at_most: float | None = None
    ratio_at_most: float | None = None
    plus_seconds: float = 0.0


Pairs = Generator[Pair, None, None]


@dataclass(frozen=True, kw_only=True)
class Side:
    """What one side of a pair took, in seconds."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """What it usually takes."""
        return statistics.median(self.seconds)

    @property
    def least(self) -> float:
        """What it takes when nobody disturbs it."""
        return min(self.seconds)


@dataclass(frozen=True, kw_only=True)
class Result:
    """A measured pair. Bounds are on medians."""

    pair: Pair
    subject: Side
    baseline: Side

    @property
    def rounds(self) -> int:
        """How often each side was measured."""
        return len(self.subject.seconds)

    @property
    def ratio(self) -> float:
        """How many times the baseline the subject takes."""
        return self.subject.median / self.baseline.median

    @property
    def least_ratio(self) -> float:
        """The same of the least that each took."""
        return self.subject.least / self.baseline.least

    @property
    def limit(self) -> float | None:
        """The most seconds that the subject's median may be; None when nothing bounds it."""
        limits = [] if self.pair.at_most is None else [self.pair.at_most]
        if self.pair.ratio_at_most is not None:
            limits.append(self.pair.ratio_at_most * self.baseline.median + self.pair.plus_seconds)
        return min(limits, default=None)

    @property
    def is_kept(self) -> bool:
        """Whether the bound is kept."""
        return self.limit is None or self.subject.median <= self.limit


def measure(pair: Pair, rounds: int) -> Result:
    """Run both sides once unmeasured (caches), then in turn."""
    pair.baseline()
    pair.subject()
    baselines, subjects = [], []
    for _ in range(rounds):
        baselines.append(_seconds(pair.baseline))
        subjects.append(_seconds(pair.subject))
    return Result(pair=pair, subject=Side(seconds=tuple(subjects)), baseline=Side(seconds=tuple(baselines)))


def _seconds(run: Run) -> float:
    began = time.perf_counter()
    counted = run()
    return time.perf_counter() - began if counted is None else counted
