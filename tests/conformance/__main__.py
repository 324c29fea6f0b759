"""Runs the suites one after the other, compares with what is committed, and writes results and page.

python -m tests.conformance [--configs FOLDER[:FOLDER]] [SUITE]...
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.conformance import page, summary

PROJECT = Path(__file__).resolve().parents[2]
RESULTS = PROJECT / ".plumbline" / "conformance"
MODULES = {
    "sdk": "tests.conformance.sdk_suite.run",
    "mlclient": "tests.conformance.mlclient.run",
    "az": "tests.conformance.az.run",
    "generated": "tests.conformance.generated.run",
}
NO_CONFIGS = (
    "CONFIGS is not set, so azure-ai-ml's tests get only the YAML of the source distribution; the others are untried and "
    "the committed results stay. Check out Azure/azure-sdk-for-python and set "
    "CONFIGS=.../sdk/ml/azure-ai-ml/tests/test_configs.\n"
)


def run(suite: str, configs: str) -> bool:
    """Runs one suite and records it. Returns: whether it ran and nothing that passed before fails now."""
    results = RESULTS / f"{suite}.jsonl"
    command = [sys.executable, "-m", MODULES[suite], "--results", str(results)]
    if suite == "sdk":
        command += ["--configs", configs] if configs else []
        sys.stderr.write("" if configs else NO_CONFIGS)
    print(f"== {suite}", flush=True)
    if subprocess.run(command, cwd=PROJECT, check=False).returncode != 0:
        return False
    if suite == "sdk" and not configs:
        return True
    return summary.main([suite, str(results)]) == 0


def main(words: Sequence[str]) -> int:
    """The command line. Exit code 1 when a suite could not be run, something fell back, or a reason is missing."""
    parser = argparse.ArgumentParser(
        prog="make conformance", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--configs", default=os.environ.get("CONFIGS", ""))
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(MODULES))
    options = parser.parse_args(words)
    unknown = [suite for suite in options.suites if suite not in MODULES]
    if unknown:
        parser.error(f"got {', '.join(unknown)}, expected any of {', '.join(MODULES)}")
    ran = [run(suite, options.configs) for suite in options.suites or MODULES]
    return 0 if all([*ran, page.main([]) == 0]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
