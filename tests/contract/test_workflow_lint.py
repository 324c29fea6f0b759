"""Protects the CI workflows' form: linted, nothing unsafe, every action pinned to a commit, every job with few rights."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.actionlint import actionlint
from tests.project_copy import REPOSITORY

WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
PIPELINES = sorted((REPOSITORY / ".azure-pipelines").glob("*.yml"))
PINNED = re.compile(r"^\s*-? ?uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def _jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return found


def test_actionlint_finds_nothing() -> None:
    program = actionlint()
    if program is None:
        pytest.skip("no actionlint on PATH, and no go to build it with")
    answer = subprocess.run(
        [program, "-color=false", *WORKFLOWS], check=False, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stdout


def test_zizmor_finds_nothing() -> None:
    program = Path(sys.executable).parent / "zizmor"
    answer = subprocess.run(
        [program, "--offline", "--no-progress", "--quiet", *WORKFLOWS],
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
