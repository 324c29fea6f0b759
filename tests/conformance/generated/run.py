"""Sends many generated requests to each modelled route: `python -m tests.conformance.generated.run [--examples N]`.

An outcome for each route: failed with the smallest request that shows what is wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky

from tests.conformance import outcome
from tests.conformance.generated import place
from tests.conformance.generated.probe import Probe
from tests.conformance.generated.target import Target, targets
from tests.conformance.outcome import Outcome
from tests.contract.machine_learning_platform import machine_learning_platform

PROJECT = Path(__file__).resolve().parents[3]
RESULTS = PROJECT / ".plumbline" / "conformance" / "generated.jsonl"
EXAMPLES = 60


def explore(probe: Probe, target: Target, examples: int) -> Outcome:
    """One route's outcome."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        found = probe.ask(target, data)
        assert not found, found

    started, why = time.monotonic(), ""
    try:
        ask()
    except AssertionError as error:
        why = str(error)[:3000]
    except Flaky as error:
        # What a first request changed makes the second one another: the finding is the first.
        why = "; ".join(map(str, getattr(error, "exceptions", ()) or [error]))[:3000]
    return Outcome(
        area=target.service,
        name=target.name,
        result="failed" if why else "passed",
        seconds=round(time.monotonic() - started, 1),
        why=why,
    )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    parser.add_argument("services", nargs="*")
    options = parser.parse_args()
    found = []
    with machine_learning_platform() as platform:
        place.prepare(platform)
        probe = Probe(platform=platform)
        for target in targets():
            if not options.services or target.service in options.services:
                found.append(explore(probe, target, options.examples))
                if found[-1].why:
                    print(f"failed: {found[-1].name}: {found[-1].why[:600]}\n", flush=True)
    outcome.write(options.results, found)
    for result in outcome.RESULTS:
        print(f"{result:14}{sum(1 for one in found if one.result == result):5}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
