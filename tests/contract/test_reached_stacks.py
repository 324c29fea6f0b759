"""Protects which stacks a change is reviewed for and released to: those that it reaches, in the order of bringing up."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.project_copy import REPOSITORY

ALL = ["shared", "dev", "staging", "prod"]
PATHS = [
    ("stacks/locks/staging.yaml", ["staging"]),
    ("stacks/locks/prod.yaml", ["prod"]),
    ("Pulumi.shared.yaml", ["shared"]),
    ("Pulumi.local.yaml", []),
    ("pipelines/claims_release/components/train/src/train.py", ["dev"]),
    ("components/roles.yaml", ALL),
    ("stacks/grants.py", ALL),
    ("__main__.py", ALL),
    ("requirements.txt", ALL),
    (".github/workflows/promote.yml", ["dev"]),
    (".azure-pipelines/reviewers.sh", ["dev"]),
    ("stacks/accepted/prod.yaml", ["dev"]),
    ("docs/guides/promotion.md", []),
    ("tests/pipelines/one.py", []),
    ("README.md", []),
    ("pipelines/ä b/pipeline.yml", ["dev"]),
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reached")
    (folder / "stacks").mkdir()
    shutil.copy(REPOSITORY / "stacks/reached.sh", folder / "stacks")
    for stack in ("local", *ALL):
        shutil.copy(REPOSITORY / f"Pulumi.{stack}.yaml", folder)
    _git(folder, "init", "--quiet", "--initial-branch", "main")
    _commit(folder)
    return folder


def _git(folder: Path, *words: str) -> str:
    names = ("-c", "user.name=A", "-c", "user.email=a@plumbline.example")
    return subprocess.run(
        ["git", *names, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def _commit(folder: Path) -> str:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--allow-empty", "--message", "As it is")
    return _git(folder, "rev-parse", "HEAD")


def _reached(folder: Path, *words: str) -> list[str]:
    answer = subprocess.run(
        ["sh", "stacks/reached.sh", *words], cwd=folder, check=True, capture_output=True, text=True
    )
    assert answer.stderr == ""
    return answer.stdout.split()


@pytest.mark.parametrize(("path", "expected"), PATHS, ids=[path for path, _ in PATHS])
def test_a_change_reaches_the_stacks_that_read_the_file(
    checkout: Path, path: str, expected: list[str]
) -> None:
    before = _commit(checkout)
    file = checkout / path
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as text:
        text.write("# one more line\n")
    _commit(checkout)
    assert _reached(checkout, before) == expected
    file.unlink() if not path.startswith("Pulumi.") else _git(checkout, "checkout", before, "--", path)
    after = _git(checkout, "rev-parse", "HEAD")
    _commit(checkout)
    # A file that goes reaches them as well.
    assert _reached(checkout, after) == expected


def test_a_branch_without_a_commit_before_it_reaches_all_that_have_a_file(checkout: Path) -> None:
    assert _reached(checkout) == ALL
    assert _reached(checkout, "0" * 40) == ALL
    (checkout / "Pulumi.prod.yaml").rename(checkout / "kept")
    try:
        assert _reached(checkout) == ["shared", "dev", "staging"]
    finally:
        (checkout / "kept").rename(checkout / "Pulumi.prod.yaml")
