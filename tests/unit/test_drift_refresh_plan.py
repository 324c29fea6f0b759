"""Protects the reading of a refresh plan: which field, desired and live, and nothing that the service filled in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plumbline.ops.drift.finding import WHOLE
from plumbline.ops.drift.refresh_plan import findings, split_path

URN = "urn:pulumi:local::p::azure-native:machinelearningservices:Compute::cpu-cluster"


def _plan(
    old: dict[str, Any], new: dict[str, Any], diff: dict[str, Any], op: str = "update"
) -> dict[str, Any]:
    state = {
        "custom": True,
        "id": "/subscriptions/s/c",
        "type": "azure-native:machinelearningservices:Compute",
    }
    return {
        "steps": [
            {
                "op": op,
                "urn": URN,
                "oldState": {**state, "inputs": old, "outputs": {}},
                "newState": {**state, "inputs": new, "outputs": {}},
                "detailedDiff": diff,
            }
        ]
    }


def test_changed_field_is_named_with_both_values() -> None:
    (found,) = findings(
        _plan({"a": {"b": 1}}, {"a": {"b": 9}}, {"a.b": {"kind": "update", "inputDiff": True}})
    )
    assert (found.resource, found.field, found.desired, found.live) == ("cpu-cluster", "a.b", 1, 9)


def test_definition_is_told_by_its_fields() -> None:
    old, new = ({"spec": json.dumps({"inputs": {"lr": {"default": value}}})} for value in (0.1, 0.2))
    (found,) = findings(_plan(old, new, {"spec": {"kind": "update", "inputDiff": True}}))
    assert (found.field, found.desired, found.live) == ("inputs.lr.default", 0.1, 0.2)


def test_secret_that_changed_is_a_finding_although_the_engine_hides_both_sides() -> None:
    for field in ("description", "spec"):
        hidden = {field: "[secret]"}
        (found,) = findings(_plan(hidden, hidden, {field: {"kind": "update", "inputDiff": True}}))
        assert (found.field, found.desired, found.live) == (field, "[secret]", "[secret], another one")


def test_version_of_the_state_is_kept_for_the_look_up_of_who() -> None:
    plan = _plan({"tags": {}}, {"tags": {"a": "b"}}, {"tags.a": {"kind": "add", "inputDiff": True}})
    plan["steps"][0]["oldState"]["outputs"] = {"version": "h1"}
    (found,) = findings(plan)
    assert found.version == "h1"


def test_deleted_resource_is_one_finding() -> None:
    (found,) = findings(_plan({"a": 1}, {}, {}, op="delete"))
    assert (found.field, found.is_deleted, found.live) == (WHOLE, True, "deleted")


def test_equal_values_are_no_finding() -> None:
    assert findings(_plan({"a": 1}, {"a": 1}, {"a": {"kind": "update"}})) == []


@pytest.mark.parametrize(
    ("path", "keys"),
    [("a.b", ["a", "b"]), ("a[0].b", ["a", 0, "b"]), ('tags["cost.centre"]', ["tags", "cost.centre"]),
     ('a["say \\"x\\""].b', ["a", 'say "x"', "b"])],
)  # fmt: skip
def test_property_paths_are_read_as_the_engine_writes_them(path: str, keys: list[str | int]) -> None:
    assert split_path(path) == keys
