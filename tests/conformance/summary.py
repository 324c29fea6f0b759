"""The committed result of each suite: counts by area and what did not pass, in `results/<suite>.yaml`.

python -m tests.conformance.summary SUITE RESULTS.jsonl...    # compare with what is committed, then replace it
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.conformance import outcome

FOLDER = Path(__file__).with_name("results")
SUITES = ("sdk", "mlclient", "az", "generated")
_ADDRESS = re.compile(r"127\.0\.0\.1:\d+")


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What one suite came to.

    Args:
        areas: Area to result to how many.
        others: Name to result, of everything that did not pass; of Microsoft's own tests not what they skip themselves.
    """

    suite: str
    measured: str
    areas: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)

    def count(self, *results: str) -> int:
        """How many came to one of the results, over all areas."""
        return sum(counts.get(result, 0) for counts in self.areas.values() for result in results)

    @property
    def ran(self) -> int:
        """How many really ran: neither skipped nor untried."""
        return self.count("passed", "not_modelled", "failed")


def summarize(suite: str, outcomes: Iterable[outcome.Outcome], measured: str) -> Summary:
    """Counts outcomes."""
    areas: dict[str, dict[str, int]] = {}
    others: dict[str, str] = {}
    for one in sorted(outcomes, key=lambda found: (found.area, found.name)):
        counts = areas.setdefault(one.area, dict.fromkeys(outcome.RESULTS, 0))
        counts[one.result] += 1
        if one.result != "passed" and (suite != "sdk" or one.result != "skipped"):
            others[one.name] = one.result
    return Summary(suite=suite, measured=measured, areas=areas, others=others)


def load(suite: str, folder: Path = FOLDER) -> Summary | None:
    """The committed summary; None when the suite has none yet."""
    path = folder / f"{suite}.yaml"
    if not path.exists():
        return None
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Summary(
        suite=suite,
        measured=str(content["measured"]),
        areas=content["areas"],
        others=content["others"],
    )


def save(summary: Summary, folder: Path = FOLDER) -> None:
    """Replaces the committed summary."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "measured": summary.measured,
        "areas": {area: dict(counts) for area, counts in summary.areas.items()},
        "others": dict(summary.others),
    }
    head = "# Written by `make conformance`; do not edit. Why something did not pass is in ../reasons.yaml.\n"
    text = yaml.safe_dump(content, sort_keys=False, width=200, allow_unicode=True)
    (folder / f"{summary.suite}.yaml").write_text(head + text, encoding="utf-8")


def fallen_back(before: Summary | None, after: Iterable[outcome.Outcome]) -> list[outcome.Outcome]:
    """What passed before and does not now; a test that is new, or was not run now, is neither."""
    if before is None:
        return []
    return [
        one
        for one in after
        if one.result not in ("passed", "skipped")
        and one.name not in before.others
        and any(one.area == area for area in before.areas)
    ]


def main(words: Sequence[str] | None = None) -> int:
    """The command line. Exit code 1 when something fell back."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("results", nargs="+", type=Path)
    options = parser.parse_args(words)
    found = list(outcome.read(*options.results))
    before = load(options.suite)
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    after = summarize(options.suite, found, today)
    save(after)
    lost = fallen_back(before, found)
    for one in lost:
        print(f"fell back: {one.name}: {one.result}: {_ADDRESS.sub('HOST', one.why)[:300]}")
    for name in sorted(set(before.others if before else ()) - set(after.others)):
        print(f"passes now: {name}")
    print(f"{options.suite}: {after.count('passed')} of {after.ran} that ran passed.")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
