"""Protects the tests' own instruments: faults that strike the n-th request, delays, noise, and the request log."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from tests.emulator_process import EmulatorProcess


@pytest.fixture(scope="module")
def process() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as found:
        yield found


@pytest.fixture
def emulator(process: EmulatorProcess) -> Iterator[EmulatorProcess]:
    yield process
    process.control("DELETE", "faults")
    process.control("PUT", "delay", {"seconds": 0})
    process.control("PUT", "noise", {"enabled": False})


def group(emulator: EmulatorProcess, name: str) -> str:
    return f"{emulator.scope}/resourceGroups/{name}"


def test_a_status_strikes_the_nth_request_of_its_route_and_no_other(emulator):
    emulator.control("PUT", "faults", [
        {"method": "GET", "path": "/resourceGroups$", "nth": 2, "count": 2, "status": 503, "headers": {"Retry-After": "1"}},
    ])  # fmt: skip
    listed = f"{emulator.scope}/resourceGroups"
    answers = []
    for _ in range(4):
        answers.append(emulator.request("GET", listed))
        assert emulator.request("GET", "/subscriptions").status_code == 200
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["Retry-After"] == "1"
    assert emulator.control("GET", "faults")[0]["fired"] == 2


def test_a_lost_member_never_arrives_and_the_others_do(emulator):
    path = group(emulator, "rg-lose")
    emulator.control(
        "PUT", "faults", [{"method": "PUT", "path": "rg-lose$", "lose": ["tags.*.gone", "tags.owner"]}]
    )
    body = {"location": "westeurope", "tags": {"owner": "alice", "team": "ml"}}
    assert emulator.request("PUT", path, json=body).json()["tags"] == {"team": "ml"}
    assert emulator.request("GET", path).json()["tags"] == {"team": "ml"}
    assert emulator.request("PUT", path, json=body).json()["tags"] == {"owner": "alice", "team": "ml"}


def test_a_cut_before_the_work_makes_nothing_and_one_after_it_makes_it(emulator):
    path = group(emulator, "rg-cut")
    emulator.control("PUT", "faults", [
        {"method": "PUT", "path": "rg-cut$", "status": "close"},
        {"method": "PUT", "path": "rg-cut$", "nth": 2, "status": "close-after"},
    ])  # fmt: skip
    with pytest.raises(requests.ConnectionError):
        emulator.request("PUT", path, json={"location": "westeurope"})
    assert emulator.request("GET", path).status_code == 404
    with pytest.raises(requests.ConnectionError):
        emulator.request("PUT", path, json={"location": "westeurope"})
    assert emulator.request("GET", path).status_code == 200


def test_a_fault_that_replaces_the_work_changes_nothing(emulator):
    path = group(emulator, "rg-500")
    emulator.control("PUT", "faults", [{"method": "PUT", "path": "rg-500", "status": 500}])
    assert emulator.request("PUT", path, json={"location": "westeurope"}).status_code == 500
    assert emulator.request("GET", path).status_code == 404


def test_a_delay_is_added_to_every_request_but_health_and_metadata(emulator):
    emulator.control("PUT", "delay", {"seconds": 0.4})
    started = time.monotonic()
    emulator.request("GET", "/subscriptions", principal=None)
    assert time.monotonic() - started >= 0.4
    # A delay that these would give up in, were it theirs.
    emulator.control("PUT", "delay", {"seconds": 60})
    emulator.request("GET", "/health", principal=None, timeout=50)
    emulator.request("GET", "/metadata/endpoints", principal=None, timeout=50)
    emulator.control("PUT", "delay", {"seconds": 0})


def test_a_rate_of_faults_meets_the_same_requests_again_with_the_same_seed(emulator):
    rule = {"path": "^/subscriptions$", "count": -1, "rate": 0.3, "seed": 7, "one_of": [500, 503, 429]}
    rounds = []
    for _ in range(2):
        emulator.control("PUT", "faults", [rule])
        answers = [emulator.request("GET", "/subscriptions") for _ in range(40)]
        rounds.append([answer.status_code for answer in answers])
        assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 429)
        (met,) = emulator.control("GET", "faults")
        assert met["fired"] == sum(status != 200 for status in rounds[-1])
    emulator.control("DELETE", "faults")
    assert rounds[0] == rounds[1]
    assert {200, 429, 500} <= set(rounds[0]) <= {200, 429, 500, 503}


@pytest.mark.parametrize("rule", [{"path": "x", "status": "explode"}, {"path": "x", "sttaus": 500}])
def test_a_wrong_fault_rule_is_refused(emulator, rule):
    with pytest.raises(requests.HTTPError, match="400"):
        emulator.control("PUT", "faults", [rule])


def test_the_request_log_tells_who_asked_what_with_which_fields(emulator):
    emulator.control("DELETE", "requests")
    path = group(emulator, "rg-log")
    emulator.request(
        "PUT", path, principal="alice", json={"location": "westeurope", "tags": {"owner": "secret-name"}}
    )
    emulator.request("GET", "/subscriptions", principal=None)
    emulator.request("GET", f"{emulator.scope}/nothing/here")
    put, refused, unknown = emulator.control("GET", "requests")
    assert (put["method"], put["path"], put["api_version"], put["status"]) == ("PUT", path, "2024-03-01", 201)
    assert put["principal"] == "alice@plumbline.example"
    assert put["body_keys"] == ["location", "tags", "tags.owner"]
    assert "secret-name" not in str(put)
    assert refused["status"] == 401
    assert unknown["status"] == 501


def test_noise_changes_the_form_of_answers_and_never_what_they_say(emulator):
    path = group(emulator, "rg-noise")
    emulator.request("PUT", path, json={"location": "westeurope", "tags": {"a": "1", "b": "2", "c": "3"}})
    plain = emulator.request("GET", path)
    emulator.control("PUT", "noise", {"enabled": True, "only": ["key_order"]})
    noisy, again = emulator.request("GET", path), emulator.request("GET", path)
    assert noisy.json() == plain.json()
    assert noisy.text != plain.text
    assert noisy.text == again.text


def test_each_noise_can_be_had_alone_and_has_a_source(emulator):
    table = emulator.control("GET", "noise")["table"]
    assert all(row["id"] and row["what"] and row["source"] for row in table)
    for row in table:
        assert emulator.control("PUT", "noise", {"enabled": True, "only": [row["id"]]})["in_force"] == [
            row["id"]
        ]
    with pytest.raises(requests.HTTPError, match="400"):
        emulator.control("PUT", "noise", {"enabled": True, "only": ["no-such-noise"]})


def test_a_slow_operation_is_accepted_first_and_done_later(emulator):
    emulator.request("PUT", group(emulator, "rg-slow"), json={"location": "westeurope"})
    emulator.control("PUT", "noise", {"enabled": True, "only": ["slow_operations"]})
    path = f"{group(emulator, 'rg-slow')}/providers/Microsoft.Network/networkSecurityGroups/nsg"
    options = {"api_version": "2024-05-01"}
    made = emulator.request("PUT", path, json={"location": "westeurope", "properties": {}}, **options)
    assert made.status_code == 201
    assert made.json()["properties"]["provisioningState"] == "Updating"
    status_url = made.headers["Azure-AsyncOperation"]
    first = emulator.request("GET", status_url, api_version=None)
    assert (first.json()["status"], first.headers["Retry-After"]) == ("InProgress", "1")
    deadline = time.monotonic() + 120
    while emulator.request("GET", status_url, api_version=None).json()["status"] != "Succeeded":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert emulator.request("GET", path, **options).json()["properties"]["provisioningState"] == "Succeeded"


def test_system_data_is_late_once(emulator):
    emulator.request("PUT", group(emulator, "rg-late"), json={"location": "westeurope"})
    emulator.control("PUT", "noise", {"enabled": True, "only": ["late_system_data"]})
    path = f"{group(emulator, 'rg-late')}/providers/Microsoft.ContainerRegistry/registries/crlate"
    options = {"api_version": "2023-07-01"}
    answers = [
        emulator.request("PUT", path, json={"location": "westeurope", "sku": {"name": "Basic"}}, **options),
        emulator.request("GET", path, **options),
        emulator.request("GET", path, **options),
    ]
    assert ["systemData" in answer.json() for answer in answers] == [False, False, True]
