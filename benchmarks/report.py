"""`benchmarks/RESULTS.md`: the latest results with the machine and the date they were made on."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.pair import Pair, Result, Side

RESULTS = Path(__file__).parent / "RESULTS.md"


def report(results: Sequence[Result], left_out: Sequence[str]) -> str:
    """The page: one row a pair, then what could not be measured and why."""
    lines = [
        "# Results",
        "",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {_machine()}.",
        "Medians in seconds, the least in brackets; the two sides of a row were run in turn. The ratio is what to",
        "compare between machines. A bound is on the median; `make bench` ends 1 when one is broken.",
        "",
        "| Measured | Seconds | Compared with | Seconds | Ratio | Bound | Rounds |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row(result) for result in results]
    if left_out:
        lines += ["", "Not measured:", *(f"- {reason}" for reason in left_out)]
    return "\n".join(lines) + "\n"


def _row(result: Result) -> str:
    pair = result.pair
    return (
        f"| {pair.name} | {_shown(result.subject)} | {pair.baseline_name} | {_shown(result.baseline)} "
        f"| {result.ratio:.2f} ({result.least_ratio:.2f}) | {_verdict(result)} | {result.rounds} |"
    )


def _shown(side: Side) -> str:
    return (
        f"{side.median:.2f} ({side.least:.2f})"
        if side.median >= 1
        else f"{side.median:.3f} ({side.least:.3f})"
    )


def _verdict(result: Result) -> str:
    if result.limit is None:
        return "none"
    return f"{_bound(result.pair)} = {result.limit:.2f} s, {'kept' if result.is_kept else 'BROKEN'}"


def _bound(pair: Pair) -> str:
    bounds = [f"{pair.at_most:g} s"] if pair.at_most is not None else []
    if pair.ratio_at_most is not None:
        plus = f" + {pair.plus_seconds:g} s" if pair.plus_seconds else ""
        bounds.append(f"{pair.ratio_at_most:g} times{plus}")
    return " and ".join(bounds)


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
