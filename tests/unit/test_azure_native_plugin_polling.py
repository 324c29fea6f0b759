"""Protects how the stand-in waits: each form of a long operation that Azure was recorded to use is followed to its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from plumbline.azure_native_plugin.arm import Arm
from plumbline.azure_native_plugin.errors import ArmError, OperationFailed
from plumbline.azure_native_plugin.http import Answer, Http
from plumbline.azure_native_plugin.identity import Identity
from plumbline.azure_native_plugin.values import same

BASE = "https://management.example"
ID = "/subscriptions/s/resourceGroups/g/providers/P/t/n"
HERE = {"id": ID, "properties": {"provisioningState": "Succeeded"}}
OPERATION = {"Azure-AsyncOperation": f"{BASE}:443/operations/1?api-version=1"}


class Script(Http):
    """Answers what the script says, in order, and keeps what was asked."""

    def __init__(self, *answers: tuple[int, dict[str, str], Any]) -> None:
        super().__init__()
        self._answers: Iterator[tuple[int, dict[str, str], Any]] = iter(answers)
        self.asked: list[str] = []

    def _once(self, method: str, url: str, headers: Any, content: bytes | None) -> Answer:  # noqa: ARG002  as the real one
        self.asked.append(f"{method} {url}")
        status, sent, body = next(self._answers)
        return Answer(status=status, headers={"Retry-After": "0.01", **sent}, body=body)


class NoLogin(Identity):
    def __init__(self) -> None:
        """Needs no endpoint."""

    def token(self) -> str:
        return "t"


def put(*answers: tuple[int, dict[str, str], Any]) -> tuple[dict[str, Any], list[str]]:
    http = Script(*answers)
    arm = Arm(base_url=BASE, http=http, identity=NoLogin())
    return arm.put(ID, "1", {}, timeout_seconds=5), http.asked


def pending(state: str) -> dict[str, Any]:
    return {"id": ID, "properties": {"provisioningState": state}}


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(
            [
                (202, {"Location": f"{BASE}/a?t=1"}, None),
                (202, {"Location": f"{BASE}/a?t=2"}, None),
                (200, {}, HERE),
                (200, {}, HERE),
            ],
            id="storage: 202 without a body, another Location each time",
        ),
        pytest.param(
            [(200, {}, pending("RegisteringDns")), (200, {}, HERE), (200, {}, HERE)],
            id="key vault: 200 and nothing but the state",
        ),
        pytest.param(
            [(201, {"Location": f"{BASE}{ID}"}, pending("Creating")), (200, {}, HERE), (200, {}, HERE)],
            id="log analytics: 201 with itself as Location",
        ),
        pytest.param(
            [
                (201, OPERATION, pending("Updating")),
                (200, {}, {"status": "InProgress"}),
                (200, {}, {"status": "Succeeded"}),
                (200, {}, HERE),
            ],
            id="network: an operation",
        ),
        pytest.param(
            [
                (202, {**OPERATION, "Location": f"{BASE}/r"}, {}),
                (202, OPERATION, {"status": "InProgress"}),
                (200, {}, {"status": "Succeeded"}),
                (200, {}, HERE),
            ],
            id="private dns: 202 twice, an operation on a host with its port",
        ),
    ],
)
def test_each_recorded_form_ends_with_the_resource(answers: list[tuple[int, dict[str, str], Any]]) -> None:
    found, asked = put(*answers)
    assert found == HERE
    assert len(asked) == len(answers)
    assert asked[-1].startswith(f"GET {BASE}{ID}")


def test_each_answers_location_is_followed_not_the_first() -> None:
    _, asked = put(
        (202, {"Location": f"{BASE}/a?t=1"}, None),
        (202, {"Location": f"{BASE}/a?t=2"}, None),
        (200, {}, HERE),
        (200, {}, HERE),
    )
    assert [line.rpartition("?")[2] for line in asked[1:3]] == ["t=1", "t=2"]


def test_operation_that_fails_says_why() -> None:
    error = {"code": "Boom", "message": "no"}
    with pytest.raises(OperationFailed, match="Boom"):
        put((201, OPERATION, pending("Updating")), (200, {}, {"status": "Failed", "error": error}))


def test_no_token_goes_to_another_host_or_port() -> None:
    for address in ("https://other.example/o", f"{BASE}:444/o", "http://management.example/o"):
        with pytest.raises(ArmError, match="ForeignAddress"):
            put((201, {"Azure-AsyncOperation": address}, pending("Updating")))


def test_flat_error_is_read() -> None:
    with pytest.raises(ArmError, match="BadRequest: The start time"):
        put((400, {}, {"code": "BadRequest", "message": "The start time cannot be ..."}))


def test_ids_that_are_keys_compare_in_any_case() -> None:
    lower = json.loads(json.dumps({ID.replace("resourceGroups", "resourcegroups"): {"clientId": "c"}}))
    assert same({ID: {"clientId": "c"}}, lower)
    assert not same({ID: {"clientId": "c"}}, {f"{ID}2": {"clientId": "c"}})
