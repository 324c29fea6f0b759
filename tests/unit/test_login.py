"""Protects doctor's login row: three families of clients, one principal, told truly from the environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plumbline.ops.login import logins
from plumbline.ops.prerequisites import Finding, findings
from plumbline.provider.login import _choose
from plumbline.provider.settings import read_settings

ARM = {"ARM_CLIENT_ID": "one", "ARM_CLIENT_SECRET": "s", "ARM_TENANT_ID": "t"}
AZURE = {"AZURE_CLIENT_ID": "one", "AZURE_CLIENT_SECRET": "s", "AZURE_TENANT_ID": "t"}
EMULATED = {
    "ARM_CLOUD_METADATA_URL": "https://127.0.0.1:8443/metadata/endpoints",
    "IDENTITY_ENDPOINT": "https://127.0.0.1:8443/msi/token",
    "IDENTITY_HEADER": "secret-of-alice",
    "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
}
CREDENTIALS = {
    "WorkloadIdentityCredential": "federated token",
    "ClientAssertionCredential": "federated token",
    "ManagedIdentityCredential": "managed identity",
    "ClientSecretCredential": "client secret",
}


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
     {"ARM_USE_MSI": "true", "IDENTITY_ENDPOINT": "http://localhost/token"}],
)  # fmt: skip
def test_one_principal_for_all_is_fine(tmp_path: Path, environ: dict[str, str]) -> None:
    assert _finding(tmp_path, environ).status == "ok"


@pytest.mark.parametrize(
    ("environ", "step"),
    [
        (AZURE, "ARM_USE_DEFAULT_AZURE_CREDENTIAL=true"),
        ({"IDENTITY_ENDPOINT": "http://localhost/token"}, "ARM_USE_DEFAULT_AZURE_CREDENTIAL=true"),
        (ARM, "one principal"),
        (ARM | AZURE | {"AZURE_CLIENT_ID": "two"}, "one principal"),
        # azure-native takes the certificate, Plumbline's provider has no such way.
        ({"ARM_CLIENT_ID": "one", "ARM_CLIENT_CERTIFICATE_PATH": "/c.pfx"}, "one principal"),
    ],
)
def test_different_principals_fail_with_the_way_out(
    tmp_path: Path, environ: dict[str, str], step: str
) -> None:
    found = _finding(tmp_path, environ)
    assert (found.status, found.found.split(":")[0]) == ("missing", "two principals")
    assert step in found.next_step


@pytest.mark.parametrize(
    "environ",
    [
        {},
        ARM,
        ARM | {"ARM_USE_MSI": "true"},
        {"ARM_USE_MSI": "false"} | ARM,
        {"ARM_USE_MSI": "true"},
        {"ARM_CLIENT_ID": "one", "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": "token"},
        {"ARM_CLIENT_ID": "one", "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN_FILE_PATH": "/token"},
        {"ARM_CLIENT_ID": "one", "ARM_USE_OIDC": "true", "AZURE_FEDERATED_TOKEN_FILE": "/token"},
        {"ARM_CLIENT_ID": "one"},
    ],
)
def test_table_says_what_our_provider_does(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider itself is asked, so that the table cannot drift from it."""
    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "IDENTITY_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    pins = {
        "tenantId": "33333333-3333-4333-8333-333333333333",
        "subscriptionId": "44444444-4444-4444-8444-444444444444",
    }
    chosen = type(_choose(read_settings("dev", pins, environ))).__name__
    assert logins(None, environ)["plumbline"].way == CREDENTIALS.get(chosen, "az login")
