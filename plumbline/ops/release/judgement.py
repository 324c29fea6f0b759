"""The recomputed verdict: metrics against thresholds, by arithmetic that no step of the run had a hand in.

Pure. What a run's own verdict says is compared with it, never believed.
"""

from __future__ import annotations

import hashlib
import json
import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from plumbline.ops.json_document import read_json

DIRECTIONS = {"at_least": "at least", "at_most": "at most"}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One threshold and what became of it.

    Attributes:
        value: The metric as it was measured; None when there is no number.
        direction: `at_least` or `at_most`; empty when the threshold says neither, or both.
        why: What the thresholds' author says it is there for.
        problem: Why there is nothing to compare, None when there is.
    """

    metric: str
    value: float | None
    direction: str
    threshold: float | None
    passed: bool
    why: str = ""
    problem: str | None = None

    @property
    def limit(self) -> str:
        """The threshold in words: `at least 0.08`."""
        return (
            f"{DIRECTIONS.get(self.direction, 'no limit')} {self.threshold}" if self.direction else "no limit"
        )

    @property
    def sentence(self) -> str:
        """`d2_gamma: got 0.01, expected at least 0.08`."""
        if self.problem:
            return f"{self.metric}: {self.problem}"
        return f"{self.metric}: got {self.value}, expected {self.limit}"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Every threshold judged; nothing to judge is no pass."""

    checks: tuple[Judged, ...]

    @property
    def passed(self) -> bool:
        """Whether every threshold is reached, and there is one."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def missed(self) -> tuple[Judged, ...]:
        """The thresholds that were not reached."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is no pass; empty when it is one."""
        if not self.checks:
            return ("thresholds: got none, expected at least one; a gate that checks nothing stays closed",)
        return tuple(check.sentence for check in self.missed)


def is_number(value: object) -> bool:
    """Whether a value is a finite number; a boolean is not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def judge(metrics: Mapping[str, Any], thresholds: Mapping[str, Any]) -> Judgement:
    """Judge every threshold.

    Args:
        metrics: Metric -> number or None, as `metrics.json` has it under `metrics`.
        thresholds: Metric -> row with one number under `at_least` or `at_most`.
    """
    return Judgement(checks=tuple(_judged(str(name), row, metrics) for name, row in thresholds.items()))


def _judged(metric: str, row: Any, metrics: Mapping[str, Any]) -> Judged:
    rule = row if isinstance(row, Mapping) else {}
    why = str(rule.get("why") or "")
    found = metrics.get(metric)
    value = found if is_number(found) else None
    limits = [name for name in DIRECTIONS if name in rule]
    if len(limits) != 1 or not is_number(rule[limits[0]]):
        problem = f"threshold: got {reprlib.repr(row)}, expected one number under at_least or at_most"
        return Judged(
            metric=metric, value=value, direction="", threshold=None, passed=False, why=why, problem=problem
        )
    direction, limit = limits[0], rule[limits[0]]
    if value is None:
        shown = "no such metric" if metric not in metrics else json.dumps(found)
        return Judged(
            metric=metric, value=None, direction=direction, threshold=limit, passed=False, why=why,
            problem=f"got {shown}, expected a number {DIRECTIONS[direction]} {limit}",
        )  # fmt: skip
    passed = value >= limit if direction == "at_least" else value <= limit
    return Judged(metric=metric, value=value, direction=direction, threshold=limit, passed=passed, why=why)


def read_metrics(content: bytes) -> dict[str, Any]:
    """The document of `metrics.json`. Raises: ValueError: it is none."""
    document = read_json(content)
    if not isinstance(document, dict) or not isinstance(document.get("metrics"), dict):
        message = "got no mapping under metrics, expected name: number"
        raise ValueError(message)  # noqa: TRY004 - a fault of the file
    return document


def read_thresholds(content: bytes) -> dict[str, Any]:
    """The rows of a thresholds file. Raises: ValueError: it is none."""
    try:
        document = yaml.load(content, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    rows = document.get("thresholds") if isinstance(document, dict) else None
    if not isinstance(rows, dict):
        message = "got no mapping under thresholds, expected metric: {at_least or at_most: number}"
        raise ValueError(message)  # noqa: TRY004 - a fault of the file
    return rows


def differences(judgement: Judgement, verdict: Any, *, metrics: bytes, thresholds: bytes) -> tuple[str, ...]:
    """Where a run's own verdict says otherwise; empty when it agrees.

    Args:
        verdict: The document of the run's `verdict.json`.
        metrics: Bytes of the `metrics.json` that were judged.
        thresholds: Bytes of the thresholds that were judged.
    """
    if not isinstance(verdict, Mapping):
        return (f"verdict: got {type(verdict).__name__}, expected an object",)
    found = []
    for key, content in (("metrics_sha256", metrics), ("thresholds_sha256", thresholds)):
        digest = hashlib.sha256(content).hexdigest()
        if verdict.get(key) != digest:
            found.append(f"verdict.{key}: got {verdict.get(key)}, expected {digest}: it judges another file")
    if verdict.get("pass") is not judgement.passed:
        found.append(
            f"verdict.pass: got {json.dumps(verdict.get('pass'))}, expected {json.dumps(judgement.passed)}"
            f"{_because(judgement)}"
        )
    rows = verdict.get("checks")
    said = (
        {str(row.get("metric")): row for row in rows if isinstance(row, Mapping)}
        if isinstance(rows, list)
        else {}
    )
    for check in judgement.checks:
        row = said.pop(check.metric, None)
        if row is None:
            found.append(f"verdict.checks: got nothing on {check.metric}, expected it judged")
            continue
        ours = {
            "value": check.value,
            "direction": check.direction,
            "threshold": check.threshold,
            "pass": check.passed,
        }
        for key, expected in ours.items():
            if not _same(row.get(key), expected):
                found.append(
                    f"verdict.checks.{check.metric}.{key}: got {json.dumps(row.get(key))}, expected {json.dumps(expected)}"
                )
    found += [f"verdict.checks: got {name}, which no threshold names" for name in said]
    return tuple(found)


def _because(judgement: Judgement) -> str:
    return "" if judgement.passed else f" ({'; '.join(judgement.reasons)})"


def _same(said: Any, ours: Any) -> bool:
    """Equal, and 1 is not true."""
    return bool(said == ours) and isinstance(said, bool) == isinstance(ours, bool)
