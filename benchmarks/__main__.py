"""`make bench`: measure every pair, print and write the results; 1 when a bound is broken."""

import argparse
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import cases
from benchmarks.pair import Result, measure
from benchmarks.report import RESULTS, report

CASES: dict[str, Callable[[Path], cases.Pairs]] = {
    "help": cases.help_pairs,
    "emulator": cases.emulator_pairs,
    "preview": cases.preview_pairs,
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
    results: list[Result] = []
    closed: list[str] = []
    for name in chosen.names or CASES:
        with tempfile.TemporaryDirectory(prefix=f"plumbline-bench-{name}-") as folder:
            try:
                with contextlib.closing(CASES[name](Path(folder))) as pairs:
                    for pair in pairs:
                        print(f"measuring: {pair.name}", file=sys.stderr, flush=True)
                        results.append(measure(pair, chosen.rounds))
            except subprocess.CalledProcessError as error:
                closed.append(
                    f"{name}: `{error.cmd[0]}` ended {error.returncode}: {error.stderr or ''}"[:400]
                )
    page = report(results, closed)
    print(page, end="")
    if not chosen.dry and not chosen.names:
        RESULTS.write_text(page, encoding="utf-8")
    return 0 if not closed and all(result.is_kept for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
