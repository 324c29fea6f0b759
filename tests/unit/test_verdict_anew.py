"""Protects the verdict that registration rests on: what was not measured never passes, and no run is believed."""

import hashlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.ops.release.judgement import differences, judge, read_metrics, read_thresholds

AT_LEAST = {"gini": {"at_least": 0.24, "why": "order"}}


def verdict_of(metrics: bytes, thresholds: bytes, **changed: Any) -> dict[str, Any]:
    judgement = judge(read_metrics(metrics)["metrics"], read_thresholds(thresholds))
    checks = [
        {
            "metric": one.metric,
            "value": one.value,
            "direction": one.direction,
            "threshold": one.threshold,
            "pass": one.passed,
        }
        for one in judgement.checks
    ]
    return {
        "pass": judgement.passed, "checks": checks, "metrics_sha256": hashlib.sha256(metrics).hexdigest(),
        "thresholds_sha256": hashlib.sha256(thresholds).hexdigest(), **changed,
    }  # fmt: skip


@pytest.mark.parametrize(("value", "passed"), [(0.24, True), (0.2399, False), (1, True), (-1, False)])
def test_at_least_passes_from_the_limit_on(value: float, passed: bool) -> None:
    assert judge({"gini": value}, AT_LEAST).passed is passed


@pytest.mark.parametrize(("value", "passed"), [(0.12, True), (0.1201, False), (0, True)])
def test_at_most_passes_up_to_the_limit(value: float, passed: bool) -> None:
    assert judge({"error": value}, {"error": {"at_most": 0.12}}).passed is passed


@pytest.mark.parametrize("value", [None, "0.9", True, math.nan, math.inf, [], {}])
def test_what_is_no_finite_number_never_passes(value: Any) -> None:
    for rule in ({"at_least": -1e9}, {"at_most": 1e9}):
        judgement = judge({"gini": value}, {"gini": rule})
        assert not judgement.passed
        assert "expected a number" in judgement.reasons[0]


def test_a_missing_metric_never_passes_and_is_named() -> None:
    judgement = judge({}, AT_LEAST)
    assert judgement.reasons == ("gini: got no such metric, expected a number at least 0.24",)


def test_no_threshold_at_all_is_no_pass() -> None:
    judgement = judge({"gini": 1.0}, {})
    assert not judgement.passed
    assert "checks nothing" in judgement.reasons[0]


@pytest.mark.parametrize(
    "rule", [{}, {"at_least": 0, "at_most": 1}, {"at_least": None}, {"at_least": "0"}, {"at_least": True},
             {"at_least": math.nan}, {"at_most": math.inf}, None, 3, {"minimum": 0.1}],
)  # fmt: skip
def test_a_threshold_that_is_none_never_passes(rule: Any) -> None:
    judgement = judge({"gini": 0.9}, {"gini": rule})
    assert not judgement.passed
    assert "at_least or at_most" in judgement.reasons[0]


@given(
    st.dictionaries(
        st.sampled_from("abc"), st.one_of(st.none(), st.floats(allow_nan=True), st.text(max_size=3))
    ),
    st.dictionaries(
        st.sampled_from("abcd"), st.dictionaries(st.sampled_from(["at_least", "at_most"]), st.floats())
    ),
)
def test_a_pass_means_that_every_threshold_was_compared_with_a_number(
    metrics: dict[str, Any], thresholds: dict[str, Any]
) -> None:
    judgement = judge(metrics, thresholds)
    assert judgement.passed is (not judgement.reasons)
    if judgement.passed:
        for name, rule in thresholds.items():
            assert math.isfinite(metrics[name])
            assert metrics[name] >= rule.get("at_least", -math.inf)
            assert metrics[name] <= rule.get("at_most", math.inf)


METRICS = json.dumps({"metrics": {"gini": 0.1}}).encode()
THRESHOLDS = b"thresholds: {gini: {at_least: 0.24}}"


def test_a_verdict_of_the_same_files_and_arithmetic_agrees() -> None:
    judgement = judge(read_metrics(METRICS)["metrics"], read_thresholds(THRESHOLDS))
    verdict = verdict_of(METRICS, THRESHOLDS)
    assert differences(judgement, verdict, metrics=METRICS, thresholds=THRESHOLDS) == ()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"pass": True}, "verdict.pass: got true, expected false (gini: got 0.1, expected at least 0.24)"),
        ({"pass": 0}, "verdict.pass: got 0, expected false"),
        ({"metrics_sha256": "0" * 64}, "verdict.metrics_sha256"),
        ({"thresholds_sha256": None}, "verdict.thresholds_sha256"),
        ({"checks": []}, "got nothing on gini"),
        ({"checks": None}, "got nothing on gini"),
        ({"checks": [{"metric": "gini", "value": 0.9, "direction": "at_least", "threshold": 0.24, "pass": False}]},
         "verdict.checks.gini.value: got 0.9, expected 0.1"),
        ({"checks": [{"metric": "gini", "value": 0.1, "direction": "at_least", "threshold": 0.01, "pass": False}]},
         "verdict.checks.gini.threshold: got 0.01, expected 0.24"),
        ({"checks": [{"metric": "gini", "value": 0.1, "direction": "at_least", "threshold": 0.24, "pass": 0}]},
         "verdict.checks.gini.pass: got 0, expected false"),
    ],
)  # fmt: skip
def test_a_verdict_that_says_otherwise_is_named_to_the_field(changed: dict[str, Any], named: str) -> None:
    judgement = judge(read_metrics(METRICS)["metrics"], read_thresholds(THRESHOLDS))
    found = differences(
        judgement, verdict_of(METRICS, THRESHOLDS, **changed), metrics=METRICS, thresholds=THRESHOLDS
    )
    assert any(line.startswith(named) or named in line for line in found), found


def test_a_verdict_on_a_metric_that_no_threshold_names_is_told() -> None:
    judgement = judge(read_metrics(METRICS)["metrics"], read_thresholds(THRESHOLDS))
    verdict = verdict_of(METRICS, THRESHOLDS)
    verdict["checks"].append({"metric": "luck", "pass": True})
    assert differences(judgement, verdict, metrics=METRICS, thresholds=THRESHOLDS) == (
        "verdict.checks: got luck, which no threshold names",
    )


@pytest.mark.parametrize("content", [b"", b"[]", b'{"metrics": []}', b"{", b"\xff"])
def test_metrics_that_are_none_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_metrics(content)


@pytest.mark.parametrize("content", [b"", b"[]", b"thresholds: []", b"a: [", b"a: b: c"])
def test_thresholds_that_are_none_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_thresholds(content)
