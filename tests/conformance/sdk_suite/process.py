"""One process of the suite: an emulator and a workspace of its own, seeded, and pytest over some test files.

python -m tests.conformance.sdk_suite.process --suite FOLDER --python PYTHON --outcomes FILE TEST... [-- PYTEST ARGUMENTS]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.conformance.sdk_suite import lab
from tests.contract.machine_learning_platform import (
    GROUP,
    WORKSPACE,
    MachineLearningPlatform,
    machine_learning_platform,
)

PROJECT = Path(__file__).resolve().parents[3]
TEST_SECONDS = 240


def variables(platform: MachineLearningPlatform, outcomes: Path, folder: Path) -> dict[str, str]:
    """The environment of the suite's pytest: the emulator's, the suite's own settings, a temporary folder of its own."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    return {
        **platform.emulator.environment("deployer"),
        # The client keeps a cache of components in the temporary folder; another run's must not answer.
        "TMPDIR": str(temporary),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).with_name("stand_in")), str(PROJECT)]),
        "CONFORMANCE_OUTCOMES": str(outcomes),
        "ML_SUBSCRIPTION_ID": platform.emulator.subscription_id,
        "ML_RESOURCE_GROUP": GROUP,
        "ML_WORKSPACE_NAME": WORKSPACE,
        "ML_FEATURE_STORE_NAME": "not-there",
        "ML_TEST_STORAGE_ACCOUNT_NAME": "teststorageaccount",
        "ML_TEST_STORAGE_ACCOUNT_PRIMARY_KEY": "Zmlyc3Qga2V5",
        "ML_TEST_STORAGE_ACCOUNT_SECONDARY_KEY": "c2Vjb25kIGtleQ==",
    }


def run(suite: Path, python: Path, outcomes: Path, tests: Sequence[str], arguments: Sequence[str]) -> int:
    """Runs the tests. Returns: pytest's exit code."""
    with machine_learning_platform() as platform:
        lab.seed(platform)
        command = [
            str(python), "-m", "pytest", "-p", "suite_plugin", "-p", "no:cacheprovider", "-W", "ignore", "-q",
            "--continue-on-collection-errors", "--tb=no", "--show-capture=no", "--timeout", str(TEST_SECONDS), *arguments, *tests,
        ]  # fmt: skip
        return subprocess.run(
            command, cwd=suite, env=variables(platform, outcomes, suite), check=False
        ).returncode


def main() -> int:
    """The command line."""
    own, _, arguments = _split(sys.argv[1:])
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("suite", "python", "outcomes"):
        parser.add_argument(f"--{option}", type=Path, required=True)
    parser.add_argument("tests", nargs="+")
    options = parser.parse_args(own)
    return run(options.suite, options.python, options.outcomes, options.tests, arguments)


def _split(words: Sequence[str]) -> tuple[list[str], str, list[str]]:
    if "--" not in words:
        return list(words), "", []
    place = words.index("--")
    return list(words[:place]), "--", list(words[place + 1 :])


if __name__ == "__main__":
    sys.exit(main())
