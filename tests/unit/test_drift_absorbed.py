"""Protects drift that a refresh took into the state: it is told apart from code that was not applied yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plumbline.ops.drift.absorbed import asked_otherwise, is_own
from plumbline.ops.drift.finding import WHOLE, Finding

HISTORY = [
    {"kind": "refresh", "startTime": "2026-11-27T12:30:00.000Z", "endTime": "2026-11-27T12:31:00.000Z"},
    {"kind": "update", "startTime": "2026-11-27T12:00:00.000Z", "endTime": "2026-11-27T12:10:00.000Z"},
]


@pytest.mark.parametrize(("minute", "own"), [(0, True), (10, True), (11, False), (30, False), (59, False)])
def test_a_write_is_the_stacks_own_when_it_lies_within_an_update(minute: int, own: bool) -> None:
    when = datetime(2026, 11, 27, 12, minute, tzinfo=UTC)
    assert is_own(when, HISTORY, slack=timedelta(seconds=5)) is own


def test_an_update_that_has_no_end_goes_on() -> None:
    running = [{"kind": "update", "startTime": "2026-11-27T12:00:00.000Z"}]
    assert is_own(datetime(2026, 11, 28, tzinfo=UTC), running, slack=timedelta())


def test_what_the_program_asks_otherwise_is_a_candidate_unless_its_resource_drifted_anyway() -> None:
    state = {"id": "/x", "type": "a:b:Compute", "inputs": {"nodes": 9}}
    plan: dict[str, Any] = {
        "steps": [
            {
                "op": "update", "urn": "urn::cpu", "oldState": state, "newState": {**state, "inputs": {"nodes": 4}},
                "detailedDiff": {"nodes": {"kind": "update", "inputDiff": True}},
            },
            {"op": "create", "urn": "urn::new", "newState": state},
        ]
    }  # fmt: skip
    (found,) = asked_otherwise(plan, [])
    assert (found.resource, found.field, found.desired, found.last_known, found.live) == (
        "cpu",
        "nodes",
        4,
        9,
        9,
    )
    other = Finding(
        change="changed", noun="Compute", resource="cpu", type="t", resource_id="/x", urn="urn::cpu", field=WHOLE,
        desired=None, last_known=None, live=None,
    )  # fmt: skip
    assert asked_otherwise(plan, [other]) == []
