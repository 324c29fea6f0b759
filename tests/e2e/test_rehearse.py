"""Protects rehearsals: a real stack's unedited file against an emulator of its own, and nothing of it is touched."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project_copy import REPOSITORY, ProjectCopy, plain_environment

PLUMBLINE = str(Path(sys.executable).parent / "plumbline")
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectCopy]:
    """A checkout: what a rehearsal writes would show in `git status`."""
    copy = ProjectCopy.make(tmp_path_factory.mktemp("rehearse") / "project")
    try:
        yield copy
    finally:
        copy.plumbline("local", "reset", "--yes", check=False)


def _git(project: ProjectCopy, *words: str) -> str:
    return project.run(["git", *words], check=True, environ=plain_environment()).stdout


def _rehearse(
    project: ProjectCopy, stack: str, *words: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    return project.plumbline("rehearse", stack, "--", *words, check=check)


def _changed(answer: subprocess.CompletedProcess[str]) -> list[str]:
    steps = json.loads(answer.stdout)["steps"]
    return [step["urn"] for step in steps if step["op"] not in {"same", "read", "refresh"}]


def test_unedited_stack_file_is_previewed_brought_up_and_hangs_true(project: ProjectCopy) -> None:
    tracked = (project.root / "Pulumi.dev.yaml").read_bytes()
    assert tracked == (REPOSITORY / "Pulumi.dev.yaml").read_bytes()
    planned = _changed(_rehearse(project, "dev", "pulumi", "preview", "--json"))
    up = _rehearse(project, "dev", "pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
    assert f"+ {len(planned)} created" in up.stdout
    assert "mlw-plumbline-dev" in up.stdout
    assert "/subscriptions/44444444-4444-4444-8444-444444444444/" in up.stdout
    # Emulator and state last from one call to the next.
    assert _changed(_rehearse(project, "dev", "pulumi", "preview", "--json")) == []
    assert "no drift" in _rehearse(project, "dev", "plumbline", "drift", "--stack", "dev").stdout.lower()
    assert (project.root / "Pulumi.dev.yaml").read_bytes() == tracked
    assert _git(project, "status", "--porcelain") == ""


def test_people_and_pipelines_that_only_the_real_directory_knows_are_taken_as_the_file_says(
    project: ProjectCopy,
) -> None:
    file = project.root / "Pulumi.peopled.yaml"
    file.write_text(
        (project.root / "Pulumi.dev.yaml").read_text()
        + "  azure-ml-platform:reviewers:\n    - 77777777-7777-4777-8777-777777777777\n"
    )
    try:
        up = _rehearse(project, "peopled", "pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
        assert "access-deployer-66666666" in up.stdout
        assert "access-reviewer-77777777" in up.stdout
    finally:
        file.unlink()


def test_a_command_that_is_not_there_is_named(project: ProjectCopy) -> None:
    answer = _rehearse(project, "dev", "pulmi", "preview", check=False)
    assert answer.returncode == 2
    assert "COMMAND: got 'pulmi', expected a program on PATH" in answer.stderr


def test_exit_code_and_words_of_the_command_are_passed_on(project: ProjectCopy) -> None:
    answer = _rehearse(project, "dev", "sh", "-c", 'echo "$PULUMI_STACK in $PWD"; exit 7', check=False)
    assert (answer.returncode, answer.stdout) == (7, f"dev in {project.root}\n")


def test_emulated_or_unknown_stack_is_refused(project: ProjectCopy) -> None:
    assert _rehearse(project, "local", "true", check=False).returncode == 2
    answer = _rehearse(project, "test", "true", check=False)
    assert answer.returncode == 1
    assert "expected one of dev, local, prod, shared, staging" in answer.stderr


def test_stack_with_a_key_vault_is_rehearsed_without_asking_it(project: ProjectCopy) -> None:
    """There is no such vault, and no login that it would take: asking it would fail."""
    file = project.root / "Pulumi.vaulted.yaml"
    file.write_text(
        "secretsprovider: azurekeyvault://no-such-vault.vault.azure.net/keys/pulumi\nencryptedkey: bm9uZQ==\n"
        + (project.root / "Pulumi.dev.yaml").read_text()
        + "  plumbline:clientId: 55555555-5555-4555-8555-555555555555\n"
        + "  plumbline:clientSecret:\n    secure: v1:AAAAAAAAAAA=:AAAA\n"
        + "  webhook:token:\n    secure: v1:AAAAAAAAAAA=:AAAA\n"
    )
    tracked = file.read_bytes()
    try:
        answer = _rehearse(project, "vaulted", "pulumi", "preview", "--non-interactive")
        assert "to create" in answer.stdout
        assert "webhook:token" in answer.stderr
        assert "without plumbline:clientId, plumbline:clientSecret" in answer.stderr
        assert file.read_bytes() == tracked
    finally:
        file.unlink()


def test_two_rehearsals_at_once_do_not_disturb_each_other(project: ProjectCopy) -> None:
    other = project.root / "Pulumi.other.yaml"
    other.write_text((project.root / "Pulumi.dev.yaml").read_text().replace("44444444-4444", "55555555-5555"))
    # `cat` ends when its input does: until then the rehearsal of dev goes on.
    held = subprocess.Popen(
        [PLUMBLINE, "rehearse", "dev", "--", "cat"],
        cwd=project.root, env=plain_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    ready = project.root / ".plumbline/rehearsals/dev/emulator/ready.json"
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not ready.exists():
            assert time.monotonic() < deadline
            assert held.poll() is None
            time.sleep(0.05)
        planned = _rehearse(project, "other", "pulumi", "preview", "--non-interactive")
        assert "/subscriptions/44444444" not in planned.stdout
        refused = _rehearse(project, "dev", "true", check=False)
        assert refused.returncode == 1
        assert "a rehearsal of dev that runs already" in refused.stderr
        project.plumbline("local", "start")
        assert ready.exists()
    finally:
        said, _ = held.communicate("still here\n", timeout=PATIENCE_SECONDS)
        other.unlink()
    assert (held.returncode, said) == (0, "still here\n")
    # Each rehearsal has stopped its own emulator, and only that.
    assert not list((project.root / ".plumbline/rehearsals").glob("*/emulator/ready.json"))
    assert project.ready()["stack"] == "local"


def test_several_stacks_share_one_emulator_and_each_keeps_its_own_file(project: ProjectCopy) -> None:
    together = ("rehearse", "staging", "--with", "shared", "--with", "staging", "--keep", "--")
    try:
        for stack in ("shared", "staging"):
            words = ("pulumi", "up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive")
            up = project.plumbline(*together, *words)
            assert f"rg-plumbline-{stack}" in up.stdout
        assert "nothing was promoted to staging yet" in up.stdout
        listed = project.plumbline(*together, "pulumi", "stack", "ls", "--json").stdout
        assert {"shared", "staging"} <= {one["name"].rpartition("/")[2] for one in json.loads(listed)}
        # What the emulator does not play for stays outside of the fence.
        refused = project.plumbline(*together, "pulumi", "preview", "--stack", "dev", check=False)
        assert refused.returncode != 0
    finally:
        # Without --keep the next one would stop it: it ran before.
        home = project.root / ".plumbline/rehearsals/staging/emulator/ready.json"
        os.kill(json.loads(home.read_text())["pid"], signal.SIGTERM)
    assert _git(project, "status", "--porcelain") == ""


def test_stacks_of_different_tenants_are_not_rehearsed_together(project: ProjectCopy) -> None:
    file = project.root / "Pulumi.elsewhere.yaml"
    file.write_text((project.root / "Pulumi.dev.yaml").read_text().replace("33333333-3333", "55555555-5555"))
    try:
        answer = project.plumbline("rehearse", "dev", "--with", "elsewhere", "--", "true", check=False)
    finally:
        file.unlink()
    assert answer.returncode == 2
    assert "--with elsewhere: tenant_id: got 55555555-5555" in answer.stderr


def test_stack_named_with_capitals_and_signs_comes_up(project: ProjectCopy) -> None:
    stack = "Dev_eu-1"
    shutil.copy(project.root / "Pulumi.dev.yaml", project.root / f"Pulumi.{stack}.yaml")
    try:
        up = _rehearse(project, stack, "pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
        assert "rg-plumbline-dev-eu-1-" in up.stdout
        assert _changed(_rehearse(project, stack, "pulumi", "preview", "--json")) == []
    finally:
        (project.root / f"Pulumi.{stack}.yaml").unlink()
