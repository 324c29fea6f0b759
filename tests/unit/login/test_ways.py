"""Protects the login: azure-native's order and variables, and that half a login is named."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from azure import identity
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from plumbline.provider.credential import WAY_ROWS, make_credential
from plumbline.provider.errors import Refusal
from plumbline.provider.settings import SETTING_ROWS
from tests.unit.login.shell import (
    ARM,
    GITHUB,
    OIDC,
    SUBSCRIPTION,
    WAYS,
    settings,
    with_certificate,
    write_pem,
)


@pytest.mark.parametrize(("kind", "environ"), WAYS)
def test_each_way_is_chosen_by_its_own_variables(kind: type, environ: dict[str, str], pem: Path) -> None:
    assert type(make_credential(settings(with_certificate(environ, pem)))) is kind


@pytest.mark.parametrize(("weaker", "stronger"), list(itertools.combinations(WAYS, 2)))
def test_stronger_way_wins_whatever_else_is_set(weaker: Any, stronger: Any, pem: Path) -> None:
    environ = with_certificate(weaker[1] | stronger[1], pem)
    assert type(make_credential(settings(environ))) is stronger[0]


def test_table_of_ways_is_in_the_order_of_azure_native() -> None:
    assert [row.way for row in WAY_ROWS] == [
        "DefaultAzureCredential", "client certificate", "client secret", "federated token", "managed identity",
        "az login",
    ]  # fmt: skip


@pytest.mark.parametrize("word", ["false", "0", "1", "yes", "True", ""])
@pytest.mark.parametrize("flag", ["ARM_USE_DEFAULT_AZURE_CREDENTIAL", "ARM_USE_OIDC", "ARM_USE_MSI"])
def test_flag_is_set_by_the_one_word_that_azure_native_takes(flag: str, word: str) -> None:
    assert type(make_credential(settings({flag: word}))) is identity.AzureCliCredential


def test_configuration_has_the_keys_of_azure_native(pem: Path) -> None:
    made = make_credential(settings({}, clientId="one", clientCertificatePath=str(pem)))
    assert type(made) is identity.CertificateCredential
    assert type(make_credential(settings({}, useMsi=True))) is identity.ManagedIdentityCredential
    made = make_credential(settings({}, useDefaultAzureCredential="true"))
    assert type(made) is identity.DefaultAzureCredential
    assert {row.name for row in SETTING_ROWS if row.secret} == {
        "clientCertificatePassword", "clientSecret", "oidcRequestToken", "oidcToken",
    }  # fmt: skip


def test_az_is_asked_for_the_pinned_subscription() -> None:
    assert make_credential(settings({})).subscription == SUBSCRIPTION


def test_certificate_with_a_password_opens(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    path = write_pem(tmp_path / "closed.pem", key, serialization.BestAvailableEncryption(b"open-sesame"))
    environ = {"ARM_CLIENT_ID": "one", "ARM_CLIENT_CERTIFICATE_PATH": str(path)}
    right = environ | {"ARM_CLIENT_CERTIFICATE_PASSWORD": "open-sesame"}
    assert type(make_credential(settings(right))) is identity.CertificateCredential
    for wrong in ({}, {"ARM_CLIENT_CERTIFICATE_PASSWORD": "hush-hush"}):
        with pytest.raises(Refusal, match="ARM_CLIENT_CERTIFICATE_PASSWORD") as raised:
            make_credential(settings(environ | wrong))
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
        make_credential(settings(environ))
    assert [name for name in named if name not in str(raised.value)] == []
    assert "hush" not in str(raised.value)


def test_half_that_nobody_asks_for_is_no_error() -> None:
    """GitHub sets its variables in every job that may ask for a token, whether the login wants one or not."""
    assert type(make_credential(settings(GITHUB))) is identity.AzureCliCredential
    assert type(make_credential(settings(ARM | GITHUB))) is identity.ClientSecretCredential
