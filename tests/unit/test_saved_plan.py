"""Protects saved plans: what a plan rests on is named when it moved, and an edited plan is no plan."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from plumbline.assets import FieldChange
from plumbline.ops.errors import UserError
from plumbline.ops.plan.basis import Basis, differences
from plumbline.ops.plan.saved_plan import changed_plan, planned, read_plan, write_plan
from plumbline.ops.review.planned_change import PlannedChange

BASIS = Basis(
    state={"urn:pulumi:dev::p::t::one": "1", "urn:pulumi:dev::p::t::two": "2"},
    lock="abc",
    code={"__main__.py": "3"},
    tools={"plumbline": "0.1", "pulumi": "v3.259.0"},
)
CHANGE = PlannedChange(
    urn="urn:pulumi:dev::p::t::one",
    type="t",
    action="update",
    fields=(FieldChange(path="a", old=1, new=2),),
)


def _write(path: Path) -> None:
    write_plan(
        path, stack="dev", commit="c" * 40, basis=BASIS, changes=[CHANGE], engine_plan={"resourcePlans": {}}
    )


def test_nothing_moved(tmp_path: Path) -> None:
    _write(tmp_path / "plan.json")
    plan = read_plan(tmp_path / "plan.json")
    assert differences(plan.basis, BASIS) == []
    assert changed_plan(plan.changes, [CHANGE]) == []
    assert plan.engine_plan == {"resourcePlans": {}}


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (replace(BASIS, state={**BASIS.state, "urn:pulumi:dev::p::t::two": "x"}), "state: got 1 resource that changed since (two)"),
        (replace(BASIS, state={}), "state: got 2 resources that changed since (one, two)"),
        (replace(BASIS, code={"__main__.py": "x", "new.py": "y"}), "code: got 2 files that changed since (__main__.py, new.py)"),
        (replace(BASIS, lock="x"), "lock: got another lock of this stack than the plan was made with"),
        (replace(BASIS, tools={**BASIS.tools, "pulumi": "v4"}), "tools: got 1 program that changed since (pulumi)"),
    ],
)  # fmt: skip
def test_what_moved_is_named(tmp_path: Path, now: Basis, words: str) -> None:
    _write(tmp_path / "plan.json")
    assert differences(read_plan(tmp_path / "plan.json").basis, now) == [words]


def test_other_changes_than_the_plans_are_named() -> None:
    before = [planned(CHANGE)]
    other = replace(CHANGE, fields=(FieldChange(path="a", old=1, new=3),))
    more = replace(CHANGE, urn="urn:pulumi:dev::p::t::two", action="delete")
    assert changed_plan(before, [other]) == ["one: got update, with other values, expected the plan's update"]
    assert changed_plan(before, [CHANGE, more]) == ["two: got delete, expected the plan's no change"]
    assert changed_plan(before, []) == ["one: got no change, expected the plan's update"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": "plumbline.plan/2", "digest": ""}'])
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(UserError, match=r"plan\.json: got"):
        read_plan(tmp_path / "plan.json")


def test_a_plan_that_was_edited_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "plan.json")
    document = json.loads((tmp_path / "plan.json").read_text())
    document["changes"] = []
    (tmp_path / "plan.json").write_text(json.dumps(document))
    with pytest.raises(UserError, match="edited"):
        read_plan(tmp_path / "plan.json")
    with pytest.raises(UserError, match="no plan"):
        read_plan(tmp_path / "none.json")
