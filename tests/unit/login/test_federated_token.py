"""Protects the federated login: its token is asked for at each renewal, of the endpoint that is trusted, and never shown."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from plumbline.provider import assertion
from plumbline.provider.errors import Refusal
from plumbline.provider.login import Login
from tests.unit.login.shell import GITHUB, OIDC, settings
from tests.unit.login.wire import TokenEndpoint, Wire


def test_requested_token_is_fetched_anew_at_each_renewal(endpoint: TokenEndpoint, wire: Wire) -> None:
    login = Login(settings(endpoint.environ))
    assert endpoint.asked == []
    for _ in range(2):  # a token of the wire has run out when it comes
        login.get_token("https://management.example/.default")
    path = "/token?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange"
    assert endpoint.asked == [(path, "Bearer bearer-of-github")] * 2
    assert wire.assertions == ["federated-1", "federated-2"]


def test_requested_token_has_the_audience_that_is_set(endpoint: TokenEndpoint) -> None:
    environ = endpoint.environ | {"ARM_OIDC_AUDIENCE": "api://AzureADTokenExchangeUSGov"}
    assert assertion.assertion_of(settings(environ))() == "federated-1"
    assert endpoint.asked[0][0].endswith("&audience=api%3A%2F%2FAzureADTokenExchangeUSGov")


def test_documented_names_of_the_request_are_taken_too(endpoint: TokenEndpoint) -> None:
    environ = OIDC | {
        "ARM_OIDC_REQUEST_TOKEN": "bearer-of-another",
        "ARM_OIDC_REQUEST_URL": f"https://localhost:{endpoint.port}/",
    }
    assert assertion.assertion_of(settings(environ))() == "federated-1"
    assert endpoint.asked[0][1] == "Bearer bearer-of-another"


def test_netrc_does_not_replace_the_bearer_token(
    endpoint: TokenEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine localhost login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assertion.assertion_of(settings(endpoint.environ))()
    assert endpoint.asked[0][1] == "Bearer bearer-of-github"


@pytest.mark.parametrize(
    ("status", "body", "got"),
    [
        (403, b"secret text of the endpoint", "HTTP 403"),
        (302, b"", "HTTP 302"),
        (200, b"<html>", "no answer that can be read"),
        (200, b"[]", "HTTP 200 without a token"),
        (200, b'{"value": 3}', "HTTP 200 without a token"),
    ],
)
def test_endpoint_that_gives_no_token_is_told_without_its_secrets(
    endpoint: TokenEndpoint, wire: Wire, status: int, body: bytes, got: str
) -> None:
    endpoint.status, endpoint.body = status, body
    with pytest.raises(Refusal, match=f"login: .*: got {got}.* from localhost, expected ") as raised:
        Login(settings(endpoint.environ)).get_token("https://management.example/.default")
    assert len(endpoint.asked) == 1  # no redirect is followed with the bearer token
    assert wire.hosts == []
    for secret in ("bearer-of-github", "secret text", "federated-"):
        assert secret not in str(raised.value)


def test_endpoint_that_does_not_answer_is_given_up(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assertion, "REQUEST_SECONDS", 0.05)
    monkeypatch.setenv("NO_PROXY", "localhost")
    silent = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    url = f"https://localhost:{silent.server_address[1]}/"
    try:
        with pytest.raises(Refusal, match=r"no answer that can be read \(\w*Timeout\) from localhost"):
            assertion.assertion_of(settings(OIDC | GITHUB | {"ACTIONS_ID_TOKEN_REQUEST_URL": url}))()
    finally:
        silent.server_close()


def test_endpoint_with_a_strange_certificate_is_sent_nothing(
    endpoint: TokenEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(Refusal, match="SSLError"):
        assertion.assertion_of(settings(endpoint.environ))()
    assert endpoint.asked == []


def test_token_that_is_given_wins_over_its_file_and_its_endpoint(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    environ = OIDC | GITHUB | {"ARM_OIDC_TOKEN_FILE_PATH": str(tmp_path / "token")}
    assert assertion.assertion_of(settings(environ | {"ARM_OIDC_TOKEN": "given"}))() == "given"
    assert assertion.assertion_of(settings(environ))() == "from-file"


def test_token_file_is_read_again_at_each_renewal(tmp_path: Path, wire: Wire) -> None:
    file = tmp_path / "token"
    login = Login(settings(OIDC | {"ARM_OIDC_TOKEN_FILE_PATH": str(file)}))
    for token in ("first", "second"):
        file.write_text(token)
        login.get_token("https://management.example/.default")
    assert wire.assertions == ["first", "second"]
    file.unlink()
    with pytest.raises(Refusal, match=r"ARM_OIDC_TOKEN_FILE_PATH\): got FileNotFoundError"):
        login.get_token("https://management.example/.default")
