"""Protects the login: azure-native's order and variables, each cloud's authority, and doctor's row that tells whose."""

from __future__ import annotations

import base64
import itertools
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from azure import identity
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from plumbline.ops.azure_session import AzureSession
from plumbline.ops.login import logins
from plumbline.ops.prerequisites import Finding, findings
from plumbline.ops.target import Target
from plumbline.provider import assertion
from plumbline.provider.credential import WAY_ROWS, make_credential
from plumbline.provider.errors import Refusal
from plumbline.provider.login import Login
from plumbline.provider.settings import SETTING_ROWS, Settings, read_settings

ARM = {"ARM_CLIENT_ID": "one", "ARM_CLIENT_SECRET": "s", "ARM_TENANT_ID": "t"}
AZURE = {"AZURE_CLIENT_ID": "one", "AZURE_CLIENT_SECRET": "s", "AZURE_TENANT_ID": "t"}
EMULATED = {
    "ARM_CLOUD_METADATA_URL": "https://127.0.0.1:8443/metadata/endpoints",
    "IDENTITY_ENDPOINT": "https://127.0.0.1:8443/msi/token",
    "IDENTITY_HEADER": "secret-of-alice",
    "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
}
TENANT = "33333333-3333-4333-8333-333333333333"
SUBSCRIPTION = "44444444-4444-4444-8444-444444444444"
AUTHORITIES = {
    "AzureCloud": "login.microsoftonline.com",
    "AzureUSGovernment": "login.microsoftonline.us",
    "AzureChinaCloud": "login.chinacloudapi.cn",
}
OIDC = {"ARM_CLIENT_ID": "one", "ARM_USE_OIDC": "true"}
GITHUB = {
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-github",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://localhost/token?api-version=2.0",
}
# What each way needs, weakest first: azure-native's order from its end.
WAYS: tuple[tuple[type, dict[str, str]], ...] = (
    (identity.AzureCliCredential, {}),
    (identity.ManagedIdentityCredential, {"ARM_USE_MSI": "true"}),
    (identity.ClientAssertionCredential, OIDC | {"ARM_OIDC_TOKEN": "token"}),
    (identity.ClientSecretCredential, {"ARM_CLIENT_ID": "one", "ARM_CLIENT_SECRET": "s"}),
    (identity.CertificateCredential, {"ARM_CLIENT_ID": "one", "ARM_CLIENT_CERTIFICATE_PATH": "CERTIFICATE"}),
    (identity.DefaultAzureCredential, {"ARM_USE_DEFAULT_AZURE_CREDENTIAL": "true"}),
)


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
    return _write_pem(tmp_path_factory.mktemp("pem") / "plain.pem", key, serialization.NoEncryption())


def _write_pem(
    path: Path, key: rsa.RSAPrivateKey, encryption: serialization.KeySerializationEncryption
) -> Path:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def _settings(environ: dict[str, str], cloud: str = "AzureCloud", **given: Any) -> Settings:
    given = {"cloud": cloud, "tenantId": TENANT, "subscriptionId": SUBSCRIPTION} | given
    return read_settings("dev", given, environ)


def _with_certificate(environ: dict[str, str], pem: Path) -> dict[str, str]:
    return {name: str(pem) if value == "CERTIFICATE" else value for name, value in environ.items()}


# The provider's way


@pytest.mark.parametrize(("kind", "environ"), WAYS)
def test_each_way_is_chosen_by_its_own_variables(kind: type, environ: dict[str, str], pem: Path) -> None:
    assert type(make_credential(_settings(_with_certificate(environ, pem)))) is kind


@pytest.mark.parametrize(("weaker", "stronger"), list(itertools.combinations(WAYS, 2)))
def test_stronger_way_wins_whatever_else_is_set(weaker: Any, stronger: Any, pem: Path) -> None:
    environ = _with_certificate(weaker[1] | stronger[1], pem)
    assert type(make_credential(_settings(environ))) is stronger[0]


def test_table_of_ways_is_in_the_order_of_azure_native() -> None:
    assert [row.way for row in WAY_ROWS] == [
        "DefaultAzureCredential", "client certificate", "client secret", "federated token", "managed identity",
        "az login",
    ]  # fmt: skip


@pytest.mark.parametrize("word", ["false", "0", "1", "yes", "True", ""])
@pytest.mark.parametrize("flag", ["ARM_USE_DEFAULT_AZURE_CREDENTIAL", "ARM_USE_OIDC", "ARM_USE_MSI"])
def test_flag_is_set_by_the_one_word_that_azure_native_takes(flag: str, word: str) -> None:
    assert type(make_credential(_settings({flag: word}))) is identity.AzureCliCredential


def test_configuration_has_the_keys_of_azure_native(pem: Path) -> None:
    made = make_credential(_settings({}, clientId="one", clientCertificatePath=str(pem)))
    assert type(made) is identity.CertificateCredential
    assert type(make_credential(_settings({}, useMsi=True))) is identity.ManagedIdentityCredential
    made = make_credential(_settings({}, useDefaultAzureCredential="true"))
    assert type(made) is identity.DefaultAzureCredential
    assert {row.name for row in SETTING_ROWS if row.secret} == {
        "clientCertificatePassword", "clientSecret", "oidcRequestToken", "oidcToken",
    }  # fmt: skip


def test_az_is_asked_for_the_pinned_subscription() -> None:
    assert make_credential(_settings({})).subscription == SUBSCRIPTION


def test_certificate_with_a_password_opens(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    path = _write_pem(tmp_path / "closed.pem", key, serialization.BestAvailableEncryption(b"open-sesame"))
    environ = {"ARM_CLIENT_ID": "one", "ARM_CLIENT_CERTIFICATE_PATH": str(path)}
    right = environ | {"ARM_CLIENT_CERTIFICATE_PASSWORD": "open-sesame"}
    assert type(make_credential(_settings(right))) is identity.CertificateCredential
    for wrong in ({}, {"ARM_CLIENT_CERTIFICATE_PASSWORD": "hush-hush"}):
        with pytest.raises(Refusal, match="ARM_CLIENT_CERTIFICATE_PASSWORD") as raised:
            make_credential(_settings(environ | wrong))
        assert "hush-hush" not in str(raised.value)


# Halves


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"ARM_CLIENT_CERTIFICATE_PATH": "/c.pfx"}, ["ARM_CLIENT_ID", "ARM_CLIENT_CERTIFICATE_PATH"]),
        ({"ARM_CLIENT_SECRET": "hush"}, ["ARM_CLIENT_ID", "ARM_CLIENT_SECRET"]),
        ({"ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": "hush"}, ["ARM_CLIENT_ID", "ARM_USE_OIDC"]),
        (OIDC, ["ARM_USE_OIDC", "ARM_OIDC_TOKEN", "ARM_OIDC_TOKEN_FILE_PATH", "ACTIONS_ID_TOKEN_REQUEST_URL"]),
        (OIDC | {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "hush"},
         ["oidcRequestUrl (ACTIONS_ID_TOKEN_REQUEST_URL or ARM_OIDC_REQUEST_URL): got nothing", "oidcRequestToken"]),
        (OIDC | {"ARM_OIDC_REQUEST_URL": "https://localhost/?key=hush"},
         ["oidcRequestToken (ACTIONS_ID_TOKEN_REQUEST_TOKEN or ARM_OIDC_REQUEST_TOKEN): got nothing"]),
        (OIDC | GITHUB | {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://localhost/?key=hush"}, ["https", "'http'"]),
        (OIDC | GITHUB | {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "hush\nhush"}, ["oidcRequestToken", "line breaks"]),
        (ARM | {"ARM_CLIENT_CERTIFICATE_PATH": "/no/such.pfx"}, ["ARM_CLIENT_CERTIFICATE_PATH", "/no/such.pfx"]),
    ],
)  # fmt: skip
def test_missing_half_is_named_and_no_secret_is_shown(environ: dict[str, str], named: list[str]) -> None:
    with pytest.raises(Refusal, match=r"login: .*: got .*, expected ") as raised:
        make_credential(_settings(environ))
    assert [name for name in named if name not in str(raised.value)] == []
    assert "hush" not in str(raised.value)


def test_half_that_nobody_asks_for_is_no_error() -> None:
    """GitHub sets its variables in every job that may ask for a token, whether the login wants one or not."""
    assert type(make_credential(_settings(GITHUB))) is identity.AzureCliCredential
    assert type(make_credential(_settings(ARM | GITHUB))) is identity.ClientSecretCredential


# The authority


class Wire:
    """What leaves this process: logins are answered here, loopback is let through."""

    def __init__(self) -> None:
        self.hosts: list[str] = []
        self.urls: list[str] = []
        self.secrets_at: set[str] = set()
        self.assertions: list[str] = []

    def answer(self, adapter: Any, request: Any, **options: Any) -> requests.Response:
        host = urlsplit(request.url).hostname
        if host in {"localhost", "127.0.0.1"}:
            return REAL_SEND(adapter, request, **options)
        self.hosts.append(host)
        self.urls.append(request.url)
        if request.method == "POST":
            self.secrets_at.add(host)
        form = parse_qs(request.body if isinstance(request.body, str) else "")
        self.assertions += form.get("client_assertion", [])
        answer: dict[str, Any] = {"token_type": "Bearer", "expires_in": 0, "access_token": _token(TENANT)}
        if host == "identity.example":
            answer["expires_on"] = "9999999999"
        elif request.method == "GET":
            # An authority that nobody knows is looked up at a known one first.
            named = parse_qs(urlsplit(request.url).query).get("authorization_endpoint", [request.url])
            base = f"https://{urlsplit(named[0]).hostname}/{TENANT}"
            answer = {
                "tenant_discovery_endpoint": f"{base}/v2.0/.well-known/openid-configuration",
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
        made = requests.Response()
        made.status_code, made._content, made.request, made.url = (
            200,
            json.dumps(answer).encode(),
            request,
            request.url,
        )
        made.headers["Content-Type"] = "application/json"
        made.raw = _Raw(made._content)
        return made


class _Raw:
    """As much of urllib3's response as azure-core's transport reads."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.version = 11
        self.enforce_content_length = True

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.content

    def close(self) -> None:
        pass


REAL_SEND = requests.adapters.HTTPAdapter.send


def _token(tenant: str) -> str:
    part = base64.urlsafe_b64encode(json.dumps({"tid": tenant}).encode()).decode().rstrip("=")
    return f"e30.{part}.e30"


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire()

    def send(adapter: requests.adapters.HTTPAdapter, request: Any, **options: Any) -> requests.Response:
        return made.answer(adapter, request, **options)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    return made


@pytest.mark.parametrize(("cloud", "authority"), AUTHORITIES.items())
@pytest.mark.parametrize(
    ("kind", "environ"), [way for way in WAYS if way[0].__name__.startswith(("Client", "Certificate"))]
)
def test_service_principal_asks_the_authority_of_its_cloud(
    kind: type, environ: dict[str, str], cloud: str, authority: str, wire: Wire, pem: Path
) -> None:
    made = make_credential(_settings(_with_certificate(environ, pem), cloud))
    assert type(made) is kind
    made.get_token("https://management.example/.default")
    assert set(wire.hosts) == {authority}


@pytest.mark.parametrize(("cloud", "authority"), AUTHORITIES.items())
def test_default_credential_asks_the_authority_of_its_cloud(
    cloud: str, authority: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (AZURE | {"AZURE_TENANT_ID": TENANT}).items():
        monkeypatch.setenv(name, value)
    made = make_credential(_settings({"ARM_USE_DEFAULT_AZURE_CREDENTIAL": "true"}, cloud))
    made.get_token("https://management.example/.default")
    assert set(wire.hosts) == {authority}


@pytest.mark.parametrize(
    ("endpoint", "authority"),
    [
        ("https://management.azure.com", "login.microsoftonline.com"),
        ("https://management.usgovcloudapi.net", "login.microsoftonline.us"),
        ("https://management.chinacloudapi.cn", "login.chinacloudapi.cn"),
        ("https://management.stack.example", "login.stack.example"),
    ],
)
def test_command_line_asks_the_authority_of_its_target(
    endpoint: str, authority: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = AZURE | {"AZURE_TENANT_ID": TENANT, "AZURE_AUTHORITY_HOST": "login.stack.example"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    target = Target(
        stack=None,
        endpoint=endpoint,
        is_emulated=False,
        subscription_id=SUBSCRIPTION,
        resource_group_name="g",
        workspace_name="w",
    )
    AzureSession(target).token()
    assert wire.secrets_at == {authority}


@pytest.mark.parametrize(("given", "asked"), [({"ARM_CLIENT_ID": "one"}, ["one"]), ({}, [])])
def test_managed_identity_is_the_one_that_the_client_id_names(
    given: dict[str, str], asked: list[str], wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", "https://identity.example/token")
    monkeypatch.setenv("IDENTITY_HEADER", "h")
    Login(_settings({"ARM_USE_MSI": "true"} | given)).get_token("https://management.example/.default")
    assert parse_qs(urlsplit(wire.urls[0]).query).get("client_id", []) == asked


def test_only_the_emulator_is_asked_in_front_of_one(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in EMULATED.items():
        monkeypatch.setenv(name, value)
    every = {name: value for _, environ in WAYS for name, value in environ.items()} | GITHUB
    chosen = Login(_settings(_with_certificate(every, pem), "PlumblineLocal"), local=True)._chosen()
    assert type(chosen) is identity.ManagedIdentityCredential


def test_login_of_another_tenant_is_refused(wire: Wire) -> None:
    login = Login(_settings(ARM, tenantId="55555555-5555-4555-8555-555555555555"))
    with pytest.raises(Refusal, match="az login --tenant 55555555"):
        login.get_token("https://management.example/.default")


def test_login_that_fails_says_which_way_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Refusal, match="login: az login: got no token") as raised:
        Login(_settings({}, "AzureUSGovernment")).get_token("https://management.example/.default")
    assert f"az cloud set --name AzureUSGovernment && az login --tenant {TENANT}" in str(raised.value)


# The federated token


class TokenEndpoint:
    """An https server that gives out federated tokens as GitHub does, a new one each time."""

    def __init__(self, pem: Path) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.status = 200
        self.body: bytes | None = None
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                endpoint.asked.append((self.path, self.headers["Authorization"]))
                body = endpoint.body
                if body is None:
                    body = json.dumps({"count": 1, "value": f"federated-{len(endpoint.asked)}"}).encode()
                self.send_response(endpoint.status)
                self.send_header("Location", f"https://localhost:{endpoint.port}/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.environ = OIDC | {
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-github",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"https://localhost:{self.port}/token?api-version=2.0",
        }


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


def test_requested_token_is_fetched_anew_at_each_renewal(endpoint: TokenEndpoint, wire: Wire) -> None:
    login = Login(_settings(endpoint.environ))
    assert endpoint.asked == []
    for _ in range(2):  # a token of the wire has run out when it comes
        login.get_token("https://management.example/.default")
    path = "/token?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange"
    assert endpoint.asked == [(path, "Bearer bearer-of-github")] * 2
    assert wire.assertions == ["federated-1", "federated-2"]


def test_requested_token_has_the_audience_that_is_set(endpoint: TokenEndpoint) -> None:
    environ = endpoint.environ | {"ARM_OIDC_AUDIENCE": "api://AzureADTokenExchangeUSGov"}
    assert assertion.assertion_of(_settings(environ))() == "federated-1"
    assert endpoint.asked[0][0].endswith("&audience=api%3A%2F%2FAzureADTokenExchangeUSGov")


def test_documented_names_of_the_request_are_taken_too(endpoint: TokenEndpoint) -> None:
    environ = OIDC | {
        "ARM_OIDC_REQUEST_TOKEN": "bearer-of-another",
        "ARM_OIDC_REQUEST_URL": f"https://localhost:{endpoint.port}/",
    }
    assert assertion.assertion_of(_settings(environ))() == "federated-1"
    assert endpoint.asked[0][1] == "Bearer bearer-of-another"


def test_netrc_does_not_replace_the_bearer_token(
    endpoint: TokenEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine localhost login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assertion.assertion_of(_settings(endpoint.environ))()
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
        Login(_settings(endpoint.environ)).get_token("https://management.example/.default")
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
            assertion.assertion_of(_settings(OIDC | GITHUB | {"ACTIONS_ID_TOKEN_REQUEST_URL": url}))()
    finally:
        silent.server_close()


def test_endpoint_with_a_strange_certificate_is_sent_nothing(
    endpoint: TokenEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(Refusal, match="SSLError"):
        assertion.assertion_of(_settings(endpoint.environ))()
    assert endpoint.asked == []


def test_token_that_is_given_wins_over_its_file_and_its_endpoint(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    environ = OIDC | GITHUB | {"ARM_OIDC_TOKEN_FILE_PATH": str(tmp_path / "token")}
    assert assertion.assertion_of(_settings(environ | {"ARM_OIDC_TOKEN": "given"}))() == "given"
    assert assertion.assertion_of(_settings(environ))() == "from-file"


def test_token_file_is_read_again_at_each_renewal(tmp_path: Path, wire: Wire) -> None:
    file = tmp_path / "token"
    login = Login(_settings(OIDC | {"ARM_OIDC_TOKEN_FILE_PATH": str(file)}))
    for token in ("first", "second"):
        file.write_text(token)
        login.get_token("https://management.example/.default")
    assert wire.assertions == ["first", "second"]
    file.unlink()
    with pytest.raises(Refusal, match=r"ARM_OIDC_TOKEN_FILE_PATH\): got FileNotFoundError"):
        login.get_token("https://management.example/.default")


# Doctor's row


def _finding(root: Path, environ: dict[str, str]) -> Finding:
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(root)} | environ
    return next(found for found in findings(root, environ) if found.name == "login")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose local emulator knows alice."""
    home = tmp_path / ".plumbline/local/emulator"
    home.mkdir(parents=True)
    note = {
        "pid": 1,
        "started_at": 0.0,
        "principals": {"alice": {"name": "alice@plumbline.example", "identity_header": "secret-of-alice"}},
    }
    (home / "ready.json").write_text(json.dumps(note))
    return tmp_path


def test_shell_of_an_emulator_names_its_principal_and_not_its_secret(project: Path) -> None:
    found = _finding(project, EMULATED)
    assert (found.status, found.found) == ("ok", "emulator as alice@plumbline.example")


def test_header_that_no_emulator_knows_is_said(project: Path) -> None:
    found = _finding(project, EMULATED | {"IDENTITY_HEADER": "of-yesterday"})
    assert "nobody that a running emulator of this project knows" in found.found
    assert "of-yesterday" not in found.found


def test_real_login_in_an_emulated_shell_is_a_second_principal(project: Path) -> None:
    assert _finding(project, EMULATED | ARM).status == "ok"  # nobody asks it there
    found = _finding(project, EMULATED | AZURE | {"AZURE_TOKEN_CREDENTIALS": ""})
    assert found.status == "missing"
    assert "Plumbline's provider: emulator as alice@plumbline.example" in found.found
    assert "azure-identity: client secret as one" in found.found


@pytest.mark.parametrize(
    "environ",
    [{}, ARM | AZURE, AZURE | {"ARM_USE_DEFAULT_AZURE_CREDENTIAL": "true"}, {"AZURE_TOKEN_CREDENTIALS": "dev"} | AZURE,
     {"ARM_USE_MSI": "true", "IDENTITY_ENDPOINT": "http://localhost/token"},
     {"ARM_CLIENT_ID": "one", "ARM_CLIENT_CERTIFICATE_PATH": "/c.pfx", "AZURE_CLIENT_ID": "one",
      "AZURE_CLIENT_CERTIFICATE_PATH": "/c.pfx", "AZURE_TENANT_ID": "t"},
     OIDC | GITHUB | {"AZURE_CLIENT_ID": "one", "AZURE_FEDERATED_TOKEN_FILE": "/token", "AZURE_TENANT_ID": "t"}],
)  # fmt: skip
def test_one_principal_for_all_is_fine(tmp_path: Path, environ: dict[str, str]) -> None:
    assert _finding(tmp_path, environ).status == "ok"


@pytest.mark.parametrize(
    "environ",
    [
        AZURE,
        {"IDENTITY_ENDPOINT": "http://localhost/token"},
        ARM,
        ARM | AZURE | {"AZURE_CLIENT_ID": "two"},
        {"ARM_CLIENT_ID": "one", "ARM_CLIENT_CERTIFICATE_PATH": "/c.pfx"},
    ],
)
def test_different_principals_fail_with_a_way_out(tmp_path: Path, environ: dict[str, str]) -> None:
    found = _finding(tmp_path, environ)
    assert (found.status, found.found.split(":")[0]) == ("missing", "two principals")
    assert found.next_step


FLAGS = ("ARM_USE_DEFAULT_AZURE_CREDENTIAL", "ARM_USE_OIDC", "ARM_USE_MSI")
VALUES = (
    "ARM_CLIENT_ID",
    "ARM_CLIENT_CERTIFICATE_PATH",
    "ARM_CLIENT_SECRET",
    "ARM_OIDC_TOKEN",
    "AZURE_CLIENT_ID",
)


def test_provider_and_azure_native_are_one_principal_in_every_shell() -> None:
    """logins.yaml tells azure-native's way; the provider is asked for its own: any difference is a defect here."""
    for words in itertools.product((None, "true", "false", "1"), repeat=len(FLAGS)):
        for there in itertools.product((False, True), repeat=len(VALUES)):
            environ = {name: word for name, word in zip(FLAGS, words, strict=True) if word}
            environ |= {name: "one" for name, is_set in zip(VALUES, there, strict=True) if is_set}
            found = logins(None, environ)
            assert found["plumbline"] == found["azure_native"], environ


@pytest.mark.parametrize(("kind", "environ"), WAYS)
def test_doctor_tells_the_way_that_the_provider_takes(kind: type, environ: dict[str, str]) -> None:
    told = logins(None, environ)["plumbline"].way
    assert told == {
        identity.CertificateCredential: "client certificate",
        identity.ClientAssertionCredential: "federated token",
        identity.ClientSecretCredential: "client secret",
        identity.ManagedIdentityCredential: "managed identity",
    }.get(kind, "az login")
