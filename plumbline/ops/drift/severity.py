"""How bad a finding is, by the rules of severities.yaml. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from plumbline.kinds import VERSIONED
from plumbline.ops.drift.finding import Finding

SEVERITIES = ("low", "medium", "high", "critical")
"""From the mildest to the worst."""


@dataclass(frozen=True, kw_only=True)
class Severity:
    """A word of `SEVERITIES`, and why."""

    name: str
    reason: str

    @property
    def rank(self) -> int:
        """Higher is worse."""
        return SEVERITIES.index(self.name)


def severity_of(finding: Finding) -> Severity:
    """The first rule that takes a finding; the last row takes every one."""
    shown = {
        "change": finding.change,
        "noun": finding.noun,
        "field": finding.field,
        "desired": value_text(finding.desired),
        "live": value_text(finding.live),
    }
    row = next(
        row
        for row in _rows()
        if all(
            re.fullmatch(pattern.replace("{assets}", _assets()), shown[name], re.IGNORECASE | re.DOTALL)
            for name, pattern in row["where"].items()
        )
    )
    return Severity(name=row["severity"], reason=row["reason"])


def value_text(value: Any) -> str:
    """A value as rules and people read it: text as it is, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


@cache
def _assets() -> str:
    """Every noun of a versioned asset, as a pattern."""
    return "|".join(kind.noun for kind in VERSIONED.values())


@cache
def _rows() -> tuple[Mapping[str, Any], ...]:
    text = Path(__file__).with_name("severities.yaml").read_text(encoding="utf-8")
    return tuple(yaml.load(text, Loader=yaml.CSafeLoader)["rows"])
