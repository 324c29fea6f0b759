"""Protects the gate itself: what Azure does not publish is named, whether path, verb, api-version, query or field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulator_process import EmulatorProcess
from tests.wire.check import LoggedRequests, complaints
from tests.wire.table import complaint, published

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
COMPONENT = f"{WORKSPACE}/components/train/versions/1"
VERSION = "2024-01-01-preview"


def request(method: str = "PUT", path: str = COMPONENT, **changed: Any) -> dict[str, Any]:
    """A registration of a component as azure-ai-ml sends it, with what is changed."""
    good = {
        "method": method,
        "path": path,
        "query": {"api-version": VERSION},
        "body_keys": [
            "properties",
            "properties.componentSpec",
            "properties.componentSpec.name",
            "properties.tags",
        ],
        "user_agent": "plumbline-provider azure-ai-ml/1.35.2",
        "run": None,
    }
    return good | changed


GOOD = [
    request(),
    request(path=COMPONENT.replace("resourceGroups", "resourcegroups")),
    request("GET", f"{WORKSPACE}/codes/c/versions", body_keys=[],
            query={"api-version": "2023-04-01", "hash": "h", "hashversion": "202208"}),
    request("PUT", "/container/src/train.py", body_keys=[],
            query={"comp": "metadata", "sv": "2024-11-04", "sig": "..."}),
    request("GET", f"{WORKSPACE}/providers/Microsoft.Authorization/roleAssignments/r", body_keys=[],
            query={"api-version": "2022-04-01"}),
    request(path="/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n",
            query={"api-version": "2024-05-01"}, body_keys=["properties.subnets.properties.addressPrefix"]),
    request("POST", f"/history/v1.0{WORKSPACE}/rundata", query={"api-version": "v1.0"}, body_keys=["runId"]),
]  # fmt: skip
BAD = {
    "path": [
        request(path=f"{WORKSPACE}/recipes/train/versions/1"),
        request("GET", f"{WORKSPACE}/components/train/versions/1/lineage"),
        request("GET", "/subscriptions/s/whatever", query={}),
    ],
    "verb": [request("PATCH", body_keys=[]), request("POST", body_keys=[])],
    "api-version": [
        request(query={"api-version": "2031-01-01"}),
        request(query={}),
    ],
    "query": [
        request(query={"api-version": VERSION, "force": "true"}),
        request("PUT", "/container/blob", query={"comp": "made-up"}),
    ],
    "field": [
        request(body_keys=["properties", "owner"]),
        request(body_keys=["properties", "properties.owner"]),
        request(path=f"{WORKSPACE}/computes/c", query={"api-version": "2025-12-01"},
                body_keys=["properties.properties.maxNodes"]),
        request(path="/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n",
                query={"api-version": "2024-05-01"}, body_keys=["properties.subnets.addressPrefix"]),
    ],
    "control endpoint": [request("GET", "/_control/requests", query={})],
}  # fmt: skip


@pytest.mark.parametrize("sent", GOOD, ids=lambda sent: f"{sent['method']} {sent['path'][-30:]}")
def test_published_request_passes(sent: dict[str, Any]) -> None:
    assert complaint(sent) is None


@pytest.mark.parametrize(("what", "sent"), [(what, sent) for what, rows in BAD.items() for sent in rows])
def test_made_up_request_is_named(what: str, sent: dict[str, Any]) -> None:
    assert what in (complaint(sent) or "")
    (line,) = complaints([sent], test="tests/engine/test_x.py::test_y")
    assert line.startswith(f"plumbline-provider: {sent['method']} {sent['path']}")


def test_user_agent_without_a_row_is_named() -> None:
    (line,) = complaints([request(user_agent="curl/8")], test="tests/e2e/test_x.py::test_y")
    assert line == "user agent 'curl/8': no row in user_agents.yaml"


def test_requests_of_tests_and_of_steps_are_not_the_products() -> None:
    made_up = request(path="/made-up")
    assert not complaints([made_up | {"user_agent": "plumbline-tests"}], test="")
    assert not complaints([made_up | {"run": "job_step"}], test="")
    raw = made_up | {"user_agent": "python-requests/2"}
    assert not complaints([raw], test="tests/contract/test_core.py::test_z")
    assert complaints([raw], test="tests/e2e/test_z.py::test_z")


def test_no_row_lets_everything_pass() -> None:
    path = "/subscriptions/s/nothing/that/anybody/publishes"
    assert [row.template for row in published() if row.path.match(path)] == []


def test_emulator_writes_requests_down_so_that_a_kill_hides_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    monkeypatch.setenv("PLUMBLINE_REQUEST_LOG", str(folder))
    logged = LoggedRequests(folder)
    with EmulatorProcess(home=tmp_path / "home") as emulator:
        group = f"{emulator.scope}/resourceGroups/g"
        product = {"User-Agent": "plumbline-cli azsdk"}
        emulator.request("PUT", group, json={"location": "westeurope", "madeUp": 1}, headers=product)
        emulator.control("DELETE", "requests")
        emulator.kill()
    (line,) = complaints(logged.new(), test="tests/e2e/test_x.py::test_y")
    assert line.endswith("has no field madeUp in its body")
    assert not list(logged.new())
    assert all(json.loads(text) for file in folder.iterdir() for text in file.read_text().splitlines())
