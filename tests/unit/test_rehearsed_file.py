"""Protects a rehearsal's copy of a stack's file: no key vault, no real login, no secret; the tracked file untouched."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from plumbline.ops.rehearsed_file import STAND_IN, copy_stack_file

TRACKED = """\
# Développement: kept as it is
secretsprovider: azurekeyvault://real.vault.azure.net/keys/k
encryptedkey: abc
config:
  azure-native:location: westeurope
  azure-native:clientSecret:
    secure: v1:a:b
  plumbline:useOidc: true
  plumbline:tenantId: 33333333-3333-4333-8333-333333333333
  p:token: {secure: v1:c:d}
  p:alerts:
    - name: pager
      key:
        secure: v1:e:f
    - secure: v1:g:h
  p:last: 1
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(TRACKED)
    return tmp_path


def test_copy_leaves_out_keys_logins_and_secrets_and_names_them(project: Path) -> None:
    copy = copy_stack_file(project, project / "copy", "dev")
    stand_in = yaml.safe_load(STAND_IN)
    assert yaml.safe_load(copy.path.read_text()) == {
        "config": {
            "azure-native:location": "westeurope",
            "plumbline:tenantId": "33333333-3333-4333-8333-333333333333",
            "p:token": stand_in,
            "p:alerts": [{"name": "pager", "key": stand_in}, stand_in],
            "p:last": 1,
        }
    }
    assert copy.secrets == ("p:token", "p:alerts", "p:alerts")
    assert copy.logins == ("azure-native:clientSecret", "plumbline:useOidc")
    assert (project / "Pulumi.dev.yaml").read_text() == TRACKED


def test_salt_of_an_earlier_rehearsal_is_kept_and_an_edit_arrives(project: Path) -> None:
    copy = copy_stack_file(project, project / "copy", "dev").path
    with copy.open("a") as file:
        file.write("encryptionsalt: v1:made-here\n")
    (project / "Pulumi.dev.yaml").write_text(TRACKED.replace("p:last: 1", "p:last: 2"))
    copy_stack_file(project, project / "copy", "dev")
    found = yaml.safe_load(copy.read_text())
    assert (found["encryptionsalt"], found["config"]["p:last"]) == ("v1:made-here", 2)


def test_file_without_configuration_is_copied(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("# nothing yet\n")
    assert copy_stack_file(project, project / "copy", "dev").path.read_text() == "# nothing yet\n"
