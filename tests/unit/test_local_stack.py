"""Protects `plumbline local --stack`: any stack that pins the emulator's cloud has one of its own, and no other has."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from plumbline.ops.errors import UserError
from plumbline.ops.local import command
from plumbline.ops.local_home import local_stack

PINS = """\
config:
  plumbline:cloud: {cloud}
  plumbline:tenantId: 33333333-3333-4333-8333-333333333333
  plumbline:subscriptionId: 44444444-4444-4444-8444-444444444444
"""
EMULATED = {"tenant_id": "t", "subscription_id": "s", "location": "westeurope"}


def test_each_stack_has_a_folder_of_its_own_and_local_keeps_its_name(tmp_path: Path) -> None:
    roots = [local_stack(tmp_path, EMULATED, name).root.name for name in ("local", "try", "other")]
    assert roots == ["local", "local-try", "local-other"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    for stack, cloud in (("try", "PlumblineLocal"), ("prod", "AzureCloud")):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(PINS.format(cloud=cloud))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_stack_of_the_emulator_s_cloud_is_taken_by_any_name(project: Path) -> None:
    answer = CliRunner().invoke(command, ["--stack", "try", "status"])
    assert answer.exit_code == 0
    assert "The emulator does not run" in answer.output


def test_a_stack_of_a_real_cloud_is_sent_to_a_rehearsal(project: Path) -> None:
    answer = CliRunner().invoke(command, ["--stack", "prod", "start"])
    assert isinstance(answer.exception, UserError)
    assert "got AzureCloud, expected PlumblineLocal" in str(answer.exception)
    assert "plumbline rehearse prod" in str(answer.exception)
    assert not (project / ".plumbline").exists()


def test_only_local_is_brought_up_with_its_pipeline(project: Path) -> None:
    answer = CliRunner().invoke(command, ["--stack", "try", "up"])
    assert isinstance(answer.exception, UserError)
    assert "plumbline local --stack try start, then pulumi up -s try" in str(answer.exception)
