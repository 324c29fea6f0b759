"""Protects the reading of a stack's file: every wrong pin is named with its line, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.ops.errors import UserError
from plumbline.ops.stack_file import project_root, read_stack_file

GOOD = """\
config:
  azure-native:location: westeurope
  azure-native:tenantId: 33333333-3333-4333-8333-333333333333
  azure-native:subscriptionId: 44444444-4444-4444-8444-444444444444
  plumbline:cloud: AzureCloud
  plumbline:tenantId: 33333333-3333-4333-8333-333333333333
  plumbline:subscriptionId: 44444444-4444-4444-8444-444444444444
"""


def _project(folder: Path, text: str) -> Path:
    (folder / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text(text)
    return folder


def test_pins_are_read(tmp_path: Path) -> None:
    file = read_stack_file(_project(tmp_path, GOOD), "dev")
    assert (file.pins.cloud, file.location) == ("AzureCloud", "westeurope")


def test_a_program_without_azure_native_pins_only_ours_and_may_name_its_workspace(tmp_path: Path) -> None:
    alone = "".join(line for line in GOOD.splitlines(keepends=True) if "azure-native:" not in line)
    alone += "  plumbline:resourceGroupName: rg\n  plumbline:workspaceName: mlw\n"
    file = read_stack_file(_project(tmp_path, alone), "dev")
    assert file.workspace == {"resource_group_name": "rg", "workspace_name": "mlw"}
    assert file.location == "westeurope"


def test_every_wrong_pin_is_named_with_its_line(tmp_path: Path) -> None:
    text = GOOD.replace("plumbline:tenantId: 3", "plumbline:tenantId: x").replace(
        "  plumbline:cloud: AzureCloud\n", ""
    )
    with pytest.raises(UserError) as caught:
        read_stack_file(_project(tmp_path, text), "dev")
    message = str(caught.value)
    assert "Pulumi.dev.yaml:5: config.plumbline:tenantId: got 'x" in message
    assert "config.plumbline:cloud: got nothing" in message
    assert "config.azure-native:tenantId: got '3333" in message


def test_broken_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Pulumi.dev.yaml:3: got no YAML"):
        read_stack_file(_project(tmp_path, "config:\n  - [\n"), "dev")


def test_unknown_stack_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected one of dev"):
        read_stack_file(_project(tmp_path, GOOD), "prod")


def test_folder_outside_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"got no Pulumi\.yaml"):
        project_root(tmp_path)


def test_a_file_that_is_no_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.prod.yaml").write_bytes("config:\n  p:owner: Störung\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"^Pulumi\.prod\.yaml:2: got a byte that is no UTF-8"):
        read_stack_file(tmp_path, "prod")
