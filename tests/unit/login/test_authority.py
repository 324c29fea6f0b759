"""Protects the login: each cloud's own authority is asked, and no other tenant's token is taken."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from azure import identity

from plumbline.ops.azure_session import AzureSession
from plumbline.ops.target import Target
from plumbline.provider.credential import make_credential
from plumbline.provider.errors import Refusal
from plumbline.provider.login import Login
from tests.unit.login.shell import (
    ARM,
    AUTHORITIES,
    AZURE,
    EMULATED,
    GITHUB,
    SUBSCRIPTION,
    TENANT,
    WAYS,
    settings,
    with_certificate,
)
from tests.unit.login.wire import Wire


@pytest.mark.parametrize(("cloud", "authority"), AUTHORITIES.items())
@pytest.mark.parametrize(
    ("kind", "environ"), [way for way in WAYS if way[0].__name__.startswith(("Client", "Certificate"))]
)
def test_service_principal_asks_the_authority_of_its_cloud(
    kind: type, environ: dict[str, str], cloud: str, authority: str, wire: Wire, pem: Path
) -> None:
    made = make_credential(settings(with_certificate(environ, pem), cloud))
    assert type(made) is kind
    made.get_token("https://management.example/.default")
    assert set(wire.hosts) == {authority}


@pytest.mark.parametrize(("cloud", "authority"), AUTHORITIES.items())
def test_default_credential_asks_the_authority_of_its_cloud(
    cloud: str, authority: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (AZURE | {"AZURE_TENANT_ID": TENANT}).items():
        monkeypatch.setenv(name, value)
    made = make_credential(settings({"ARM_USE_DEFAULT_AZURE_CREDENTIAL": "true"}, cloud))
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
    Login(settings({"ARM_USE_MSI": "true"} | given)).get_token("https://management.example/.default")
    assert parse_qs(urlsplit(wire.urls[0]).query).get("client_id", []) == asked


def test_only_the_emulator_is_asked_in_front_of_one(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in EMULATED.items():
        monkeypatch.setenv(name, value)
    every = {name: value for _, environ in WAYS for name, value in environ.items()} | GITHUB
    chosen = Login(settings(with_certificate(every, pem), "PlumblineLocal"), local=True)._chosen()
    assert type(chosen) is identity.ManagedIdentityCredential


def test_login_of_another_tenant_is_refused(wire: Wire) -> None:
    login = Login(settings(ARM, tenantId="55555555-5555-4555-8555-555555555555"))
    with pytest.raises(Refusal, match="az login --tenant 55555555"):
        login.get_token("https://management.example/.default")


def test_login_that_fails_says_which_way_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Refusal, match="login: az login: got no token") as raised:
        Login(settings({}, "AzureUSGovernment")).get_token("https://management.example/.default")
    assert f"az cloud set --name AzureUSGovernment && az login --tenant {TENANT}" in str(raised.value)
