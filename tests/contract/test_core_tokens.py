"""Protects who gets in: tokens as azure-identity fetches them, and 401 for every token that should not work."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential, DefaultAzureCredential
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.emulator_process import EmulatorProcess


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as process:
        yield process


def subscriptions(emulator: EmulatorProcess, authorization: str | None):
    headers = {} if authorization is None else {"Authorization": authorization}
    return emulator.request("GET", "/subscriptions", principal=None, headers=headers)


def refused_with(response) -> str:
    assert response.status_code == 401, response.text
    assert response.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")
    return response.json()["error"]["code"]


def test_default_azure_credential_gets_a_token_for_the_scope_asked(emulator, monkeypatch):
    for name, value in emulator.environment("alice").items():
        monkeypatch.setenv(name, value)
    arm = DefaultAzureCredential().get_token(f"{emulator.base_url}/.default")
    ml = DefaultAzureCredential().get_token("https://ml.azure.local/.default")
    assert subscriptions(emulator, f"Bearer {arm.token}").status_code == 200
    claims = jwt.decode(ml.token, options={"verify_signature": False})
    assert claims["aud"] == "https://ml.azure.local"
    assert claims["upn"] == "alice@plumbline.example"
    assert claims["tid"] == emulator.tenant_id


def test_a_service_principal_signs_in_with_its_secret(emulator, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(emulator.ca_bundle()))
    secrets = json.loads((emulator.home / "principals.json").read_text())["deployer"]
    options = {"authority": emulator.base_url, "disable_instance_discovery": True}
    credential = ClientSecretCredential(
        emulator.tenant_id, secrets["client_id"], secrets["client_secret"], **options
    )
    token = credential.get_token(f"{emulator.base_url}/.default").token
    assert subscriptions(emulator, f"Bearer {token}").status_code == 200
    wrong = ClientSecretCredential(emulator.tenant_id, secrets["client_id"], "wrong", **options)
    with pytest.raises(ClientAuthenticationError):
        wrong.get_token(f"{emulator.base_url}/.default")


def test_an_unknown_identity_header_gets_no_token(emulator):
    answer = emulator.request(
        "GET", "/msi/token", principal=None, api_version="2019-08-01", params={"resource": emulator.base_url},
        headers={"X-IDENTITY-HEADER": "guess"},
    )  # fmt: skip
    assert answer.status_code == 401


def test_no_token_is_refused(emulator):
    assert refused_with(subscriptions(emulator, None)) == "AuthenticationFailed"


def test_a_header_that_is_no_bearer_token_is_refused(emulator):
    assert refused_with(subscriptions(emulator, "Basic abc")) == "AuthenticationFailedInvalidHeader"


def test_garbage_is_refused(emulator):
    assert refused_with(subscriptions(emulator, "Bearer garbage")) == "InvalidAuthenticationToken"


def test_an_expired_token_is_refused(emulator):
    token = emulator.token("deployer", lifetime_seconds=-1)
    assert refused_with(subscriptions(emulator, f"Bearer {token}")) == "ExpiredAuthenticationToken"


def test_a_token_expires_though_it_was_accepted_before(emulator):
    token = emulator.token("deployer", lifetime_seconds=2)
    assert subscriptions(emulator, f"Bearer {token}").status_code == 200
    expires = jwt.decode(token, options={"verify_signature": False})["exp"]
    while time.time() < expires:
        time.sleep(0.05)
    assert refused_with(subscriptions(emulator, f"Bearer {token}")) == "ExpiredAuthenticationToken"


@pytest.mark.parametrize(
    "audience", ["https://storage.azure.com", "https://ml.azure.local", "run", "https://x.test"]
)
def test_a_token_for_another_audience_is_refused(emulator, audience):
    token = emulator.token("deployer", audience=audience)
    assert refused_with(subscriptions(emulator, f"Bearer {token}")) == "InvalidAuthenticationTokenAudience"


def test_a_token_signed_with_another_key_is_refused(emulator):
    claims = jwt.decode(emulator.token("deployer"), options={"verify_signature": False})
    forged = jwt.encode(
        claims, rsa.generate_private_key(public_exponent=65537, key_size=2048), algorithm="RS256"
    )
    assert refused_with(subscriptions(emulator, f"Bearer {forged}")) == "InvalidAuthenticationToken"


def test_a_token_without_signature_is_refused(emulator):
    header, body, _ = emulator.token("deployer").split(".")
    bare = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    for token in (f"{bare}.{body}.", f"{header}.{body}."):
        assert refused_with(subscriptions(emulator, f"Bearer {token}")) == "InvalidAuthenticationToken"


def test_a_token_of_another_home_is_refused(emulator):
    with EmulatorProcess() as other:
        token = other.token("deployer", audience=emulator.base_url)
    assert refused_with(subscriptions(emulator, f"Bearer {token}")) == "InvalidAuthenticationToken"


def test_an_unknown_route_asks_for_a_token_first(emulator):
    path = f"{emulator.scope}/providers/Microsoft.Nothing/here"
    assert emulator.request("GET", path, principal=None).status_code == 401
    answer = emulator.request("GET", path)
    assert answer.status_code == 501
    assert answer.json()["error"]["code"] == "NotImplemented"


def test_a_steps_token_is_refused_outside_run_tracking(emulator):
    token = emulator.token("pipeline", audience="run", claims={"run": "job-1"})
    arm = emulator.token("deployer", claims={"run": "job-1"})
    for held in (token, arm):
        answer = subscriptions(emulator, f"Bearer {held}")
        assert answer.status_code == 403
        assert "job-1" in answer.json()["error"]["message"]


def test_health_and_metadata_need_no_token(emulator):
    assert emulator.request("GET", "/health", principal=None).json()["status"] == "ok"
    metadata = emulator.request("GET", "/metadata/endpoints", principal=None, api_version="2022-09-01").json()
    assert metadata["name"] == emulator.cloud
    assert metadata["resourceManager"] == f"{emulator.base_url}/"
    assert metadata["plumbline"] == {
        "stack": emulator.stack, "tenantId": emulator.tenant_id, "subscriptionId": emulator.subscription_id,
        "alsoStacks": [], "otherSubscriptions": {},
    }  # fmt: skip


def test_the_log_and_the_request_log_hold_no_token(emulator):
    token = emulator.token("deployer")
    subscriptions(emulator, f"Bearer {token}")
    kept = json.dumps(emulator.control("GET", "requests")) + (emulator.home / "emulator.log").read_text()
    assert token not in kept
    for entry in json.loads((emulator.home / "principals.json").read_text()).values():
        assert entry["identity_header"] not in kept


def test_control_needs_its_secret(emulator):
    answer = emulator.request("GET", "/_control/requests", headers={"X-Plumbline-Control": "guess"})
    assert answer.status_code == 401
