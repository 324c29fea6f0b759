"""Protects kind x field: what a definition sets is found unchanged; what somebody else edits is named, and put back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from plumbline.assets import changes
from plumbline.kinds import KINDS
from tests.contract.machine_learning_platform import machine_learning_platform
from tests.engine.provider_stack import ProviderStack
from tests.field_matrix.table import Row, rows, write


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderStack]:
    with machine_learning_platform(azure_noise=True) as platform:
        made = ProviderStack(tmp_path_factory.mktemp("matrix"), platform)
        folder = made.program / "ml" / "scoring"
        shutil.rmtree(folder)
        write(folder)
        made.set(side_by_side=True)
        made.up()
        yield made


def test_every_field_is_found_as_it_was_set(stack: ProviderStack) -> None:
    declared = {
        name for name, item in stack.resources().items() if item["type"].startswith("plumbline:azureml:")
    }
    assert {row.name for row in rows()} <= declared
    assert stack.drift() == {}
    assert stack.planned() == {}
    stack.forget_requests()
    stack.up("--refresh", "--expect-no-changes")
    assert stack.writes() == []


def test_every_edit_made_elsewhere_is_named_to_its_field_and_put_back(stack: ProviderStack) -> None:
    edited = [row for row in rows() if row.edit]
    for row in edited:
        _edit(stack, row)
    steps = stack.steps("refresh", "--preview-only")
    assert {name: _named(step) for name, step in steps.items()} == {
        row.name: sorted(row.named) for row in edited
    }
    assert {step["op"] for step in steps.values()} == {"update"}
    assert stack.found(beside_the_engine=True).keys() == steps.keys()
    stack.up("--refresh")
    assert stack.drift() == {}
    assert stack.planned() == {}


def test_one_that_cannot_be_read_is_named_and_no_gap_is_passed_over(stack: ProviderStack) -> None:
    row = next(row for row in rows() if row.kind == "component")
    stack.faults(
        {
            "method": "GET", "path": f"components/{row.name}$", "status": 403, "count": 9,
            "body": {"error": {"code": "AuthorizationFailed", "message": "No."}},
        }
    )  # fmt: skip
    try:
        answer = stack.compared()
    finally:
        stack.no_faults()
    assert answer.returncode == 1
    heading, reason = answer.stderr.strip().splitlines()
    assert heading.endswith("refresh: got a failure, expected every resource to be readable.")
    assert f"components/{row.name}: got 403 (AuthorizationFailed: No.)" in reason


def _named(step: Mapping[str, Any]) -> list[str]:
    """The properties that differ; of a spec, the fields in it."""
    found = []
    for path in step.get("detailedDiff") or {}:
        if path != "spec":
            found.append(path)
            continue
        old, new = (json.loads(step[state]["inputs"]["spec"]) for state in ("oldState", "newState"))
        found += [f"spec.{change.path}" for change in changes(old, new)]
    return sorted(found)


def _edit(stack: ProviderStack, row: Row) -> None:
    """What another client does: GET, change one thing, PUT whole."""
    item = stack.resources()[row.name]
    version = f"/versions/{item['outputs']['version']}" if KINDS[row.kind].is_versioned else ""
    path = f"{KINDS[row.kind].collection}/{row.name}{version}"
    properties = json.loads(json.dumps(stack.live(path)["properties"]))
    properties.pop("stage", None)
    for dotted, value in row.edit.items():
        *holders, last = dotted.split(".")
        inner = properties
        for name in holders:
            inner = inner[name]
        inner[last] = value
    stack.call("PUT", path, body={"properties": properties})
