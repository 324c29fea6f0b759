"""Protects the memory of a clean check, and what a deep check looks at: nothing that may have changed is passed over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from plumbline.ops.drift.clean_check import is_remembered, live_digest, program_digest, remember
from plumbline.ops.drift.inventory import LiveThing
from plumbline.ops.drift.stack_state import StackState, read_state
from plumbline.ops.drift.stored_bytes import pinned

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
CLUSTER = {
    "urn": "urn:cpu", "custom": True, "type": "azure-native:machinelearningservices:Compute",
    "id": f"{WORKSPACE}/computes/cpu", "outputs": {"azureApiVersion": "2025-12-01"},
}  # fmt: skip
PROVIDER = {
    "urn": "urn:provider", "custom": True, "type": "pulumi:providers:azure-native", "id": "1",
    "inputs": {"subscriptionId": "one"},
}  # fmt: skip
TRAIN = {
    "urn": "urn:train", "custom": True, "type": "plumbline:azureml:Component", "id": f"{WORKSPACE}/components/train",
    "inputs": {"name": "train", "version": "h1", "spec": "{}"}, "outputs": {"version": "h1"},
}  # fmt: skip


class _Cloud:
    """Bodies by path, as a session answers them."""

    def __init__(self, bodies: dict[str, Any]) -> None:
        self.bodies = bodies

    def get_all(self, asked: Sequence[tuple[str, str]]) -> list[Any]:
        assert all(version for _, version in asked)
        return [self.bodies.get(path) for path, _ in asked]


def _state(*rows: dict[str, Any]) -> StackState:
    return read_state({"deployment": {"resources": list(rows)}})


def _document(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"deployment": {"manifest": {"time": "now"}, "resources": list(rows)}}


def _digest(bodies: dict[str, Any], *rows: dict[str, Any]) -> str | None:
    """Of what is live, of the resources that the engine compares."""
    compared = [row for row in rows if not row["type"].startswith("pulumi:")]
    return live_digest(_Cloud(bodies), _document(*rows), compared)  # type: ignore[arg-type]


def test_what_is_live_and_what_the_state_says_of_it_are_in_the_digest() -> None:
    bodies = {CLUSTER["id"]: {"properties": {"max": 4}, "systemData": {"lastModifiedAt": "1"}}}
    first = _digest(bodies, CLUSTER, PROVIDER)
    assert first is not None
    stamped = {CLUSTER["id"]: {"systemData": {"lastModifiedAt": "2"}, "properties": {"max": 4}}}
    assert _digest(stamped, CLUSTER, PROVIDER) == first, "who wrote last says nothing of what is there"
    others: list[dict[str, Any]] = [{CLUSTER["id"]: {"properties": {"max": 9}}}, {CLUSTER["id"]: None}]
    assert first not in {_digest(one, CLUSTER, PROVIDER) for one in others}
    assert _digest(bodies, {**CLUSTER, "inputs": {"max": 9}}, PROVIDER) != first
    assert _digest(bodies, CLUSTER, {**PROVIDER, "inputs": {"subscriptionId": "another"}}) != first
    later = {**CLUSTER, "modified": "later", "outputs": {**CLUSTER["outputs"], "systemData": {"a": "later"}}}
    assert _digest(bodies, later, PROVIDER) == first, "a repair leaves the state of before, at another time"
    second = {**CLUSTER, "urn": "urn:gpu", "id": f"{WORKSPACE}/computes/gpu"}
    bodies[second["id"]] = {"properties": {"max": 1}}
    assert _digest(bodies, CLUSTER, second, PROVIDER) == _digest(bodies, second, PROVIDER, CLUSTER)


def test_every_part_of_a_program_is_in_its_digest(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x")
    first = program_digest(_document(CLUSTER), tmp_path)
    (tmp_path / ".plumbline").mkdir()
    (tmp_path / ".plumbline" / "log").write_text("x")
    assert program_digest(_document({**CLUSTER, "modified": "later"}), tmp_path) == first
    assert program_digest(_document({**CLUSTER, "inputs": {"max": 9}}), tmp_path) != first
    (tmp_path / "stacks.py").write_text("x")
    assert program_digest(_document(CLUSTER), tmp_path) != first


def test_a_resource_that_cannot_be_asked_for_is_never_remembered(tmp_path: Path) -> None:
    assert _digest({}, {**CLUSTER, "outputs": {}}) is None
    assert not is_remembered(tmp_path, "local", None)


def test_the_memory_is_of_a_stack_and_holds_the_last_ones(tmp_path: Path) -> None:
    remember(tmp_path, "local", "a")
    remember(tmp_path, "local", None)
    remember(tmp_path, "local", "b")
    assert is_remembered(tmp_path, "local", "a")
    assert is_remembered(tmp_path, "local", "b")
    assert not is_remembered(tmp_path, "local", "c")
    assert not is_remembered(tmp_path, "dev", "a")
    for number in range(64):
        remember(tmp_path, "local", str(number))
    assert not is_remembered(tmp_path, "local", "a")
    assert is_remembered(tmp_path, "local", "63")


@pytest.mark.parametrize(
    "address",
    [
        "azureml:train:h1",
        f"azureml:{WORKSPACE}/components/train/versions/h1",
        f"{WORKSPACE}/components/train/versions/h1",
    ],
)
def test_what_a_schedule_pins_is_found_however_it_is_written_and_through_pipeline_components(
    address: str,
) -> None:
    outer = {
        **TRAIN, "urn": "urn:outer",
        "inputs": {"name": "outer", "version": "h9", "spec": '{"jobs": {"a": {"component": "azureml:train:h1"}}}'},
    }  # fmt: skip
    schedule = LiveThing(
        noun="PipelineSchedule", type="t", id="x", name="s",
        body={"properties": {"action": {"jobDefinition": {"jobs": {"one": {"componentId": address}}}}}},
    )  # fmt: skip
    assert pinned([schedule], _state(TRAIN, outer)) == [("train", "h1")]
    nested = LiveThing(
        noun="PipelineSchedule",
        type="t",
        id="x",
        name="s",
        body={"jobs": {"one": {"componentId": "azureml:outer:h9"}}},
    )
    assert pinned([nested], _state(TRAIN, outer)) == [("outer", "h9"), ("train", "h1")]
