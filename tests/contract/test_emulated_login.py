"""Protects the login to an emulator: a lost answer is asked for again, and nobody there is said at once."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest
from azure.core.exceptions import ClientAuthenticationError

from plumbline.azure.emulated_login import EmulatedLogin
from tests.emulator_process import EmulatorProcess

SCOPE = "https://management.azure.com/.default"


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as process:
        yield process


@pytest.fixture
def login(emulator: EmulatorProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedLogin]:
    for name, value in emulator.environment("deployer", base={}).items():
        monkeypatch.setenv(name, value)
    authorities = ssl.create_default_context(cafile=emulator.ready["ca_path"])
    yield EmulatedLogin(authorities, agent="plumbline-tests")
    emulator.control("DELETE", "faults")


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": "close"}, {"status": "close-after"}])
def test_a_lost_answer_is_asked_for_again(
    emulator: EmulatorProcess, login: EmulatedLogin, fault: dict[str, object]
) -> None:
    emulator.control("PUT", "faults", [{"method": "GET", "path": "/msi/token", "count": 3, **fault}])
    assert login.get_token(SCOPE).token
    (rule,) = emulator.control("GET", "faults")
    assert rule["fired"] == 3


def test_a_refusal_is_said_at_once(
    emulator: EmulatorProcess, login: EmulatedLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "a-header-that-nobody-gave")
    with pytest.raises(ClientAuthenticationError, match="identity endpoint: got HTTP 4"):
        login.get_token(SCOPE)


def test_nobody_there_is_said_at_once(
    emulator: EmulatorProcess, login: EmulatedLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", "https://127.0.0.1:1/msi/token")
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("asked again"))
    with pytest.raises(ClientAuthenticationError, match=r"identity endpoint: .*refused"):
        login.get_token(SCOPE)
