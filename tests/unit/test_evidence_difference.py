"""Protects how evidence is compared: down to the single value, equal in type too, and what may age is listed with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from plumbline.ops.evidence.difference import differences
from plumbline.ops.evidence.live_comparison import AGING, compare
from plumbline.ops.evidence.verification import MEMBERS

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "evidence.schema.json"
GUIDE = SCHEMA.parents[1] / "guides" / "evidence.md"


@pytest.mark.parametrize(
    ("got", "expected", "told"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b: got 1, expected 2"]),
        ({"a": True}, {"a": 1}, ["a: got true, expected 1"]),
        ({"a": None}, {}, ["a: got null, expected nothing"]),
        ({}, {"a": None}, ["a: got nothing, expected null"]),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["a.1: got 2, expected 3"]),
        ({"a": [1]}, {"a": [1, 3]}, ["a: got [1], expected [1, 3]"]),
        ([{"name": "x", "v": 1}], [{"name": "x", "v": 2}], ["x.v: got 1, expected 2"]),
        ([{"name": "x"}, {"name": "y"}], [{"name": "y"}, {"name": "x"}], [': got ["x", "y"], expected ["y", "x"]']),
        ([{"name": "x"}], [{"name": "x"}, {"name": "y"}], ['y: got nothing, expected {"name": "y"}']),
        ([{"name": "x", "v": 1}, {"name": "x"}], [{"name": "x", "v": 2}, {"name": "x"}], ["0.v: got 1, expected 2"]),
        ({"a": list(range(99))}, {"a": []}, ["a: got 99 entries, expected []"]),
        ({"a": 1}, {"a": 1}, []),
    ],
)  # fmt: skip
def test_a_difference_names_the_smallest_part(got: Any, expected: Any, told: list[str]) -> None:
    assert [str(one) for one in differences(got, expected)] == told


def document(**parts: Any) -> dict[str, Any]:
    return {
        "digest": "d", "record": {"job": "j"}, "job": {"pipeline": "p", "display_name": "A"}, "approval": None,
        "model": {"registered": None}, "release": None, "before_after": None, "notes": [], "files": {}, **parts,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "live", "aged"),
    [
        ({"approval": None}, {"approval": {"approver": "bob"}}, True),
        ({"approval": {"approver": "eve"}}, {"approval": {"approver": "bob"}}, False),
        ({"approval": {"approver": "eve"}}, {"approval": None}, False),
        ({"approval": {"note": None}}, {"approval": {"note": "x"}}, True),
        ({"model": {"registered": None}}, {"model": {"registered": {"version": "1"}}}, True),
        ({"model": {"registered": {"version": "2"}}}, {"model": {"registered": None}}, False),
        ({"release": {"sha256": "a"}}, {"release": None}, True),
        ({"job": {"pipeline": "p", "display_name": "A"}}, {"job": {"pipeline": "p", "display_name": "B"}}, True),
        ({"job": {"pipeline": "p", "status": "A"}}, {"job": {"pipeline": "p", "status": "B"}}, False),
        ({"notes": ["pipelines/p/release.yml: not in this checkout"]}, {"notes": []}, None),
        ({"notes": ["Audited."]}, {"notes": []}, False),
        ({"files": {"files/metrics.json": "a", "evidence.html": "b"}}, {}, False),
        ({"files": {"files/release.yml": "a"}}, {}, True),
        ({"renderer": "a", "content_sha256": "b"}, {}, None),
        ({"more": 1}, {}, False),
    ],
)  # fmt: skip
def test_what_may_age_is_a_notice_and_all_else_a_difference(
    written: dict[str, Any], live: dict[str, Any], aged: bool | None
) -> None:
    found = compare(
        document(**written),
        document(**{**{k: v for k, v in written.items() if k in document()}, **live, "files": {}}),
        {},
    )
    assert (len(found.differences) == 1) is (aged is False), found
    assert (len(found.notices) == 1) is (aged is True), found


def test_the_digest_is_told_first() -> None:
    found = compare(document(digest="x", approval={"approver": "eve"}), document(), {})
    assert [line.partition(": got")[0] for line in found.differences] == ["live: digest", "live: approval"]


def test_every_part_that_may_age_has_a_reason_and_is_in_the_guide() -> None:
    for row in yaml.safe_load(AGING.read_text()):
        assert row["reason"].endswith(".")
        assert f"`{row['part']}`" in GUIDE.read_text()


def test_what_verification_asks_for_is_what_the_schema_asks_for() -> None:
    assert sorted(MEMBERS) == sorted(json.loads(SCHEMA.read_text())["required"])
