"""Protects the benchmarks' verdict: a broken bound or a case that could not run closes the gate, and the page says which."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from benchmarks.__main__ import exit_code, run_case
from benchmarks.pair import Pair, Pairs, Result, measure
from benchmarks.report import report


def _pair(
    seconds: float, *, at_most: float | None = None, ratio: float | None = None, plus: float = 0.0
) -> Pair:
    """A subject of so many seconds beside a baseline of one, by their own clocks."""
    return Pair(
        name="subject",
        subject=lambda: seconds,
        baseline=lambda: 1.0,
        baseline_name="baseline",
        at_most=at_most,
        ratio_at_most=ratio,
        plus_seconds=plus,
    )


@pytest.mark.parametrize(
    ("pair", "kept"),
    [
        (_pair(9.0), True),
        (_pair(2.0, at_most=2.0), True),
        (_pair(2.1, at_most=2.0), False),
        (_pair(1.5, ratio=1.05, plus=0.5), True),
        (_pair(1.6, ratio=1.05, plus=0.5), False),
        (_pair(1.5, at_most=1.4, ratio=1.05, plus=0.5), False),
    ],
)
def test_a_bound_is_on_seconds_or_on_the_ratio_with_an_allowance(pair: Pair, kept: bool) -> None:
    result = measure(pair, rounds=3)
    assert result.is_kept is kept
    assert exit_code([result], []) == (0 if kept else 1)
    assert ("BROKEN" in report([result], [])) is not kept


def test_one_slow_round_breaks_no_bound_and_the_least_is_told() -> None:
    seconds: Iterator[float] = iter([9.0, 1.0, 8.0, 1.2])
    result = measure(
        Pair(name="s", subject=lambda: next(seconds), baseline=lambda: 1.0, baseline_name="b", at_most=1.3),
        rounds=3,
    )
    assert (result.subject.median, result.subject.least, result.rounds) == (1.2, 1.0, 3)
    assert "| s | 1.20 (1.00) | b | 1.00 (1.00) | 1.20 (1.00) | 1.3 s = 1.30 s, kept | 3 |" in report(
        [result], []
    )


def test_a_case_that_cannot_run_is_told_and_fails_after_what_it_measured() -> None:
    def pairs() -> Pairs:
        yield _pair(1.0)
        raise subprocess.CalledProcessError(3, ["pulumi", "up"], stderr="no engine")

    results: list[Result] = []
    failed = run_case(pairs(), "preview", 1, results)
    assert len(results) == 1
    assert failed == ["preview: `pulumi` ended 3: no engine"]
    assert exit_code(results, failed) == 1
    assert "- preview: `pulumi` ended 3: no engine" in report(results, failed)
