"""What a run found, as a table for people and as rows of the register that are ready to paste."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from tests.verify_azure.finding import Finding


@dataclass(frozen=True, kw_only=True)
class Result:
    """One row's finding.

    Attributes:
        versions: What it asked, each with its api-version.
    """

    id: str
    finding: Finding
    versions: Sequence[str]


def lines(results: Sequence[Result]) -> str:
    """Each row's finding, what was contradicted first."""
    order = {"contradicted": 0, "not checked": 1, "confirmed": 2}
    found = sorted(results, key=lambda result: order[result.finding.verdict])
    counted = Counter(result.finding.verdict for result in results)
    head = ", ".join(
        f"{counted[verdict]} {verdict}" for verdict in ("confirmed", "contradicted", "not checked")
    )
    return "\n".join(
        [*(f"{one.finding.verdict:<12} {one.id}: {one.finding.seen}" for one in found), "", f"{head}."]
    )


def learned(
    results: Sequence[Result], rows: Mapping[str, Mapping[str, Any]], *, date: str, region: str, where: str
) -> str:
    """The rows that a run moves to `recorded`, as YAML. A contradicted row's statement is what was seen."""
    found = []
    for result in results:
        if result.finding.verdict == "not checked":
            continue
        said = rows[result.id]["statement"]
        confirmed = result.finding.verdict == "confirmed"
        source = (
            f"make verify-azure on {where}, {date}, {region}, {', '.join(result.versions) or 'no request'}."
        )
        found.append(
            {
                "id": result.id,
                "statement": said if confirmed else result.finding.seen,
                "source": f"{source} {result.finding.seen}" if confirmed else f"{source} Said before: {said}",
                "status": "recorded",
            }
        )
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=10000)
