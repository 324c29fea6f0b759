"""A shell without logins, a certificate, and the ends of a login."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.unit.login.shell import AZURE, EMULATED, write_pem
from tests.unit.login.wire import TokenEndpoint, Wire


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """azure-identity reads the process's environment itself."""
    for name in (
        *AZURE,
        *EMULATED,
        "AZURE_AUTHORITY_HOST",
        "AZURE_FEDERATED_TOKEN_FILE",
        "REQUESTS_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def pem(key: rsa.RSAPrivateKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost with its private key."""
    return write_pem(tmp_path_factory.mktemp("pem") / "plain.pem", key, serialization.NoEncryption())


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire()

    def send(adapter: requests.adapters.HTTPAdapter, request: Any, **options: Any) -> requests.Response:
        return made.answer(adapter, request, **options)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    return made


@pytest.fixture
def endpoint(pem: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenEndpoint]:
    made = TokenEndpoint(pem)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
    monkeypatch.setenv("NO_PROXY", "localhost")
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()
