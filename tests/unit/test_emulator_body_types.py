"""Protects how the emulator reads bodies: scalars become what Azure declares, other structures are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from plumbline.emulator.body_types import BodyTypes
from plumbline.emulator.errors import AzureError

_WORKSPACE = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
_JOB = f"{_WORKSPACE}/jobs/{{name}}"
_TYPES = BodyTypes()


def _read(properties: Any, path: str = _JOB) -> Any:
    return _TYPES.read("PUT", path, {"properties": properties})["properties"]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"jobType": "Command", "command": 3}, {"jobType": "Command", "command": "3"}),
        ({"jobType": "Command", "tags": {"a": True}}, {"jobType": "Command", "tags": {"a": "True"}}),
        ({"jobType": "Command", "isArchived": "true"}, {"jobType": "Command", "isArchived": True}),
        (
            {"jobType": "Command", "resources": {"instanceCount": "2"}},
            {"jobType": "Command", "resources": {"instanceCount": 2}},
        ),
        ({"jobType": "Command", "command": None}, {"jobType": "Command", "command": None}),
        ({"jobType": "Command", "unheardOf": [1]}, {"jobType": "Command", "unheardOf": [1]}),
        (
            {"jobType": "Pipeline", "jobs": {"a": {"x": [1]}}},
            {"jobType": "Pipeline", "jobs": {"a": {"x": [1]}}},
        ),
    ],
)
def test_a_member_is_read_as_its_declared_type(sent: Any, read: Any) -> None:
    assert _read(sent) == read


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        ([], "properties"),
        ({"jobType": "Command", "command": ["a"]}, "properties.command"),
        ({"jobType": "Command", "inputs": {"x": "text"}}, "properties.inputs.x"),
        ({"jobType": "Command", "resources": {"instanceCount": 1.5}}, "properties.resources.instanceCount"),
        ({"jobType": "Pipeline", "jobs": []}, "properties.jobs"),
        ({"jobType": "Command", "isArchived": "maybe"}, "properties.isArchived"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(sent: Any, where: str) -> None:
    with pytest.raises(AzureError) as refused:
        _read(sent)
    assert (refused.value.status, refused.value.code, refused.value.target) == (
        400,
        "InvalidRequestContent",
        where,
    )
    assert f"Path '{where}'" in refused.value.message


def test_a_registrys_region_reads_as_arm_does() -> None:
    path = "/mferp/managementfrontend/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.MachineLearningServices/registries/{r}/data/{n}/versions/{v}"
    with pytest.raises(AzureError):
        _read([], path)


def test_an_unknown_operation_lets_everything_pass() -> None:
    assert _TYPES.read("PUT", "/nobody/{name}", {"a": [1]}) == {"a": [1]}


def test_an_unknown_resource_has_arms_own_envelope() -> None:
    path = "/subscriptions/{s}/resourceGroups/{g}/providers/Contoso.Things/things/{name}"
    body = {"properties": {"a": [1]}, "sku": "Free"}
    assert _TYPES.read("PUT", path, body) == body
    with pytest.raises(AzureError, match="Path 'identity'"):
        _TYPES.read("PUT", path, {"identity": []})
