"""What a run will make, how long it takes and what it costs, said before anything is made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.verify_azure.check import Check, needed

TABLE = Path(__file__).with_name("parts.yaml")


def costs() -> dict[str, dict[str, Any]]:
    """Part -> its row of parts.yaml."""
    return {row["name"]: row for row in yaml.safe_load(TABLE.read_text(encoding="utf-8"))["parts"]}


def plan(checks: Sequence[Check], *, group: str, subscription: str, location: str) -> str:
    """The text that a person agrees to."""
    table = costs()
    chosen = [table[name] for name in needed(checks)]
    total = sum(row["usd"] for row in chosen)
    lines = [
        f"{len(checks)} checks on subscription {subscription}, in {location}.",
        f"Everything is made in the resource group {group} and removed at the end.",
        "",
        f"{'what':<80} {'minutes':>7} {'USD':>6}",
    ]
    lines += [f"{row['makes'][:80]:<80} {row['minutes']:>7} {row['usd']:>6.2f}" for row in chosen]
    lines += [
        "",
        f"About {total:.2f} USD, no more in EUR (list prices, rounded up; sources in tests/verify_azure/parts.yaml).",
        f"Up to {_minutes(checks)} minutes, since most of it runs side by side.",
    ]
    return "\n".join(lines)


def _minutes(checks: Sequence[Check]) -> int:
    """The longest chain of parts, with ten minutes for the removal."""
    from tests.verify_azure.check import PARTS

    table = costs()

    def until(name: str) -> float:
        before = max((until(one) for one in PARTS[name].parts), default=0)
        return float(before + table[name]["minutes"])

    return int(max((until(name) for check in checks for name in check.parts), default=0)) + 10
