"""Protects readers of JSON that a step wrote: it says one thing to all of them, or it is refused in words."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from plumbline.ops.errors import UserError
from plumbline.ops.evidence.folder import DOCUMENT, read_evidence
from plumbline.ops.job.verdict import read_verdict
from plumbline.ops.json_document import read_json
from plumbline.ops.release.judgement import differences, judge, read_metrics, read_thresholds

DEEP = b"[" * 100_000
TWICE = b'{"metrics": {"d2_gamma": 0.01, "d2_gamma": 0.9}}'


def test_a_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="got 'd2_gamma' a second time, expected each name once"):
        read_metrics(TWICE)
    assert read_json('{"a": {"b": 1}, "c": {"b": 2}}') == {"a": {"b": 1}, "c": {"b": 2}}


def test_values_too_deep_to_be_read_are_a_fault_of_the_file_and_no_bug(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nested too deep"):
        read_metrics(DEEP)
    with pytest.raises(UserError, match="got no verdict"):
        read_verdict(DEEP, "verdict.json")
    (tmp_path / DOCUMENT).write_bytes(DEEP)
    with pytest.raises(UserError, match="got no JSON"):
        read_evidence(tmp_path)


def test_a_threshold_made_of_aliases_is_told_in_short() -> None:
    """Written out, this row would be longer than any memory."""
    rows = ["a0: &a0 [x, x]", *(f"a{at}: &a{at} [*a{at - 1}, *a{at - 1}]" for at in range(1, 60))]
    content = ("{}\nthresholds:\n  d2_gamma: *a59\n".format("\n".join(rows))).encode()
    judgement = judge({"d2_gamma": 0.9}, read_thresholds(content))
    assert not judgement.passed
    assert len(judgement.reasons[0]) < 1000
    digest = hashlib.sha256(content).hexdigest()
    assert differences(judgement, {"thresholds_sha256": digest}, metrics=b"", thresholds=content)
