"""`make bench`: measure every pair, print and write the results; 1 when a bound is broken or a case fails."""

import argparse
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.asset_preview import asset_preview_pairs, many_asset_pairs
from benchmarks.bench import Bench
from benchmarks.cases import emulator_pairs, help_pairs, preview_pairs, up_pairs
from benchmarks.drift import drift_pairs
from benchmarks.job_chain import chain_pairs
from benchmarks.pair import Pairs, Result, measure
from benchmarks.reads import read_pairs
from benchmarks.registration import registration_pairs
from benchmarks.release_runs import release_pairs
from benchmarks.report import RESULTS, report
from benchmarks.review import review_pairs
from tests.interrupts import take_interrupts

CASES: dict[str, Callable[[Bench], Pairs]] = {
    "help": help_pairs,
    "emulator": emulator_pairs,
    "reads": read_pairs,
    "chain": chain_pairs,
    "preview": preview_pairs,
    "registration": registration_pairs,
    "assets": asset_preview_pairs,
    "many-assets": many_asset_pairs,
    "drift": drift_pairs,
    "review": review_pairs,
    "release": release_pairs,
    "up": up_pairs,
}


def main() -> int:
    """Run the chosen cases."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; all when none is named"
    )
    parser.add_argument("--rounds", type=int, default=5, help="measurements a side (default 5)")
    parser.add_argument("--dry", action="store_true", help="print only; leave RESULTS.md alone")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in CASES]
    if unknown:
        parser.error(f"CASE: got {', '.join(unknown)}, expected {', '.join(CASES)}")
    take_interrupts()
    results: list[Result] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as folder:
        bench = Bench(folder=Path(folder))
        with contextlib.closing(bench):
            for name in chosen.names or CASES:
                failed += run_case(CASES[name](bench), name, chosen.rounds, results)
    page = report(results, [*failed, *bench.left_out])
    print(page, end="")
    if not chosen.dry and not chosen.names:
        RESULTS.write_text(page, encoding="utf-8")
    return exit_code(results, failed)


def run_case(pairs: Pairs, name: str, rounds: int, results: list[Result]) -> list[str]:
    """Measure a case's pairs as it yields them, adding to `results`; answers why it could not go on, if so."""
    try:
        with contextlib.closing(pairs):
            for pair in pairs:
                print(f"measuring: {pair.name}", file=sys.stderr, flush=True)
                results.append(measure(pair, rounds))
    except subprocess.CalledProcessError as error:
        return [f"{name}: `{error.cmd[0]}` ended {error.returncode}: {error.stderr or ''}"[:400]]
    except AssertionError as error:  # what the tests' own ways of running a command say when it fails
        return [f"{name}: {error}"[:400]]
    return []


def exit_code(results: list[Result], failed: list[str]) -> int:
    """1 when a bound is broken or a case failed."""
    return 0 if not failed and all(result.is_kept for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
