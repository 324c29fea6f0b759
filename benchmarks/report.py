"""`benchmarks/RESULTS.md`: the latest results with the machine and the date they were made on."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.pair import Result

RESULTS = Path(__file__).parent / "RESULTS.md"


def report(results: Sequence[Result], closed: Sequence[str]) -> str:
    """The page: one row a pair, then what could not be measured and why."""
    lines = [
        "# Results",
        "",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {_machine()}.",
        "Medians in seconds; the two sides of a row were run in turn. The ratio is what to compare between machines.",
        "",
        "| Measured | Seconds | Compared with | Seconds | Ratio | Bound | Rounds |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row(result) for result in results]
    if closed:
        lines += ["", "Not measured:", *(f"- {reason}" for reason in closed)]
    return "\n".join(lines) + "\n"


def _row(result: Result) -> str:
    pair = result.pair
    bounds = [f"{pair.at_most:g} s"] if pair.at_most is not None else []
    bounds += [f"ratio {pair.ratio_at_most:g}"] if pair.ratio_at_most is not None else []
    verdict = f"{' and '.join(bounds)}, {'kept' if result.is_kept else 'BROKEN'}" if bounds else "none"
    return (
        f"| {pair.name} | {result.subject:.2f} | {pair.baseline_name} | {result.baseline:.2f} "
        f"| {result.ratio:.2f} | {verdict} | {result.rounds} |"
    )


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
