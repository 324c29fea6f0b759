"""Protects the CI workflows' form, here and in the template: linted, nothing unsafe, actions pinned to commits, few rights."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from distribution.template.build import FROM_THE_WHEEL, build_template
from tests.actionlint import actionlint
from tests.project_copy import REPOSITORY

WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
PIPELINES = sorted((REPOSITORY / ".azure-pipelines").glob("*.yml"))
SCRIPTS = sorted(
    [
        *REPOSITORY.glob(".github/*.sh"),
        *REPOSITORY.glob(".azure-pipelines/*.sh"),
        *REPOSITORY.glob("stacks/*.sh"),
    ]
)
PINNED = re.compile(r"^\s*-? ?uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def _jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return found


@pytest.fixture(scope="module", params=["repository", "template"])
def workflows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """This repository's workflows, and those that a project from the template gets."""
    if request.param == "repository":
        return WORKFLOWS
    folder = build_template(tmp_path_factory.mktemp("template") / "template")
    return sorted((folder / ".github/workflows").glob("*.yml"))


def test_actionlint_finds_nothing(workflows: list[Path]) -> None:
    program = actionlint()
    if program is None:
        pytest.skip("no actionlint on PATH, and no go to build it with")
    answer = subprocess.run(
        [program, "-color=false", *workflows], check=False, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stdout


def test_zizmor_finds_nothing(workflows: list[Path]) -> None:
    program = Path(sys.executable).parent / "zizmor"
    answer = subprocess.run(
        [program, "--offline", "--no-progress", "--quiet", *workflows],
        check=False,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_rights_are_given_job_by_job(path: Path) -> None:
    for line in path.read_text().splitlines():
        assert "uses:" not in line or PINNED.match(line), line
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {}
    # Else a pipe whose first part fails goes on.
    assert workflow["defaults"]["run"]["shell"] == "bash"
    for name, job in _jobs(path).items():
        assert job["permissions"], name
        assert job["timeout-minutes"], name
        # Who logs in to Azure runs in an environment, which says who may let it.
        if "id-token" in job["permissions"]:
            assert job["environment"], name
            assert "concurrency" in {**workflow, **job}, name
            assert "write" not in {
                right for scope, right in job["permissions"].items() if scope != "id-token"
            }, name
        for step in job["steps"]:
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False, name


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_azure_pipelines_keep_no_login_in_the_checkout(path: Path) -> None:
    text = path.read_text()
    assert yaml.safe_load(text)["pool"]["vmImage"]
    assert text.count("- checkout: self") == text.count("persistCredentials: false") > 0


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_of_the_workflows_can_be_parsed(path: Path) -> None:
    shell = "sh" if path.read_text().startswith("#!/bin/sh\n") else "bash"
    answer = subprocess.run([shell, "-n", path], check=False, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    program = shutil.which("shellcheck")
    if program is not None:
        answer = subprocess.run([program, path], check=False, capture_output=True, text=True)
        assert answer.returncode == 0, answer.stdout


def test_the_template_has_these_workflows_but_for_what_the_wheel_brings(tmp_path: Path) -> None:
    folder = build_template(tmp_path / "template")
    for path in (*WORKFLOWS, *PIPELINES, *SCRIPTS):
        wanted = path.read_text()
        for here, there in FROM_THE_WHEEL.items():
            wanted = wanted.replace(here, there)
        made = (folder / path.relative_to(REPOSITORY)).read_text()
        assert made == wanted, path
        # `pulumi new` fills these in, wherever they stand.
        assert "${" + "PROJECT}" not in made
        assert "${" + "DESCRIPTION}" not in made
        # Nothing of this repository alone is left.
        assert "bootstrap.sh" not in made
        assert "claims_release" not in made
    setups = [
        path for path in WORKFLOWS if "pip install" in (folder / path.relative_to(REPOSITORY)).read_text()
    ]
    assert setups == WORKFLOWS
