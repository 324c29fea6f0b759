"""Protects doctor's row that says whose login each part takes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from azure import identity

from plumbline.ops.login import logins
from plumbline.ops.prerequisites import Finding, findings
from tests.unit.login.shell import ARM, AZURE, EMULATED, GITHUB, OIDC, WAYS


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
