"""Protects `plumbline doctor`: what is missing is said with its next step, and only that makes it fail."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from plumbline.ops import doctor, prerequisites
from plumbline.ops.prerequisites import Finding, findings


def finding(name: str, environ: dict[str, str], root: Path | None = None) -> Finding:
    return next(found for found in findings(root, environ) if found.name == name)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}


def test_machine_without_git_is_told_to_install_it(tmp_path: Path) -> None:
    found = finding("git", {"PATH": str(tmp_path), "HOME": str(tmp_path)})
    assert (found.status, found.next_step) == ("missing", "install git")


def test_tool_that_is_too_old_is_missing(tmp_path: Path) -> None:
    (tmp_path / "make").write_text("#!/bin/sh\necho GNU Make 3.80\n")
    (tmp_path / "make").chmod(0o755)
    found = finding("make", {"PATH": str(tmp_path), "HOME": str(tmp_path)})
    assert (found.status, found.found) == ("missing", "3.80")


def test_engine_that_is_nowhere_names_the_command_that_gets_it(environ: dict[str, str]) -> None:
    found = finding("engine", environ)
    assert found.status == "missing"
    assert "python -m plumbline.engine ensure" in found.next_step


def test_checkout_without_environment_is_told_to_set_it_up(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "pyproject.toml").touch()
    assert finding("environment", environ, tmp_path).status == "missing"


def test_two_different_principals_are_a_finding(environ: dict[str, str]) -> None:
    environ |= {"ARM_CLIENT_ID": "one", "ARM_CLIENT_SECRET": "s", "ARM_TENANT_ID": "t"}
    environ |= {"AZURE_CLIENT_ID": "two", "AZURE_CLIENT_SECRET": "s", "AZURE_TENANT_ID": "t"}
    found = finding("login", environ)
    assert found.status == "missing"
    assert "as one" in found.found
    assert "as two" in found.found


def test_one_principal_for_both_is_fine(environ: dict[str, str]) -> None:
    for family in ("ARM", "AZURE"):
        environ |= {f"{family}_CLIENT_ID": "one", f"{family}_CLIENT_SECRET": "s", f"{family}_TENANT_ID": "t"}
    assert finding("login", environ).status == "ok"


def test_flag_that_says_false_chooses_no_managed_identity(environ: dict[str, str]) -> None:
    environ["ARM_USE_MSI"] = "false"
    assert "managed identity" not in finding("login", environ).found


def test_json_has_a_schema_and_nothing_else_on_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Finding(name="engine", status="missing", found="none", next_step="get one")]
    monkeypatch.setattr(doctor, "findings", lambda _root: iter(rows))
    answer = CliRunner().invoke(doctor.command, ["--output", "json"])
    document = json.loads(answer.stdout)
    assert (answer.exit_code, document["schema"], document["ready"]) == (1, "plumbline.doctor/1", False)
    assert document["prerequisites"][0]["next_step"] == "get one"


@pytest.mark.parametrize("status", ["ok", "limited"])
def test_limits_do_not_fail_the_doctor(monkeypatch: pytest.MonkeyPatch, status: prerequisites.Status) -> None:
    rows = [Finding(name="landlock", status=status, found="as it is")]
    monkeypatch.setattr(doctor, "findings", lambda _root: iter(rows))
    assert CliRunner().invoke(doctor.command, []).exit_code == 0
