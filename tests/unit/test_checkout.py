"""Protects what a commit is taken for: neither this machine's settings nor the text of a file make it another."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from plumbline.ops.checkout import (
    branches_with,
    changed_lines,
    exported,
    fetch_command,
    has_commit,
    source_commit,
)
from plumbline.ops.review.code_change import code_changes

HONEST, LYING = "measured = 0.1\n", "measured = 0.9\n"


class Repository:
    """One with a file, on branch main."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.first = self.commit(evaluate=HONEST)

    def git(self, *words: str) -> str:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environ |= {
            f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        return subprocess.run(
            ["git", *words], cwd=self.root, env=environ, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self, **files: str) -> str:
        for name, text in files.items():
            (self.root / f"{name}.py").write_text(text, newline="")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=one")
        return self.git("rev-parse", "HEAD")

    def beside(self, **files: str) -> str:
        """A commit on no branch."""
        self.git("checkout", "--quiet", "--detach")
        found = self.commit(**files)
        self.git("checkout", "--quiet", "main")
        return found


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def test_a_replaced_commit_is_what_its_id_says(repository: Repository) -> None:
    lie = repository.beside(evaluate=LYING)
    repository.git("replace", repository.first, lie)
    assert repository.git("show", f"{repository.first}:evaluate.py") == LYING.strip(), (
        "git itself is taken in"
    )
    with exported(repository.root, repository.first) as tree:
        assert (tree / "evaluate.py").read_text() == HONEST


def test_a_graft_puts_no_commit_on_a_branch(repository: Repository) -> None:
    lie = repository.beside(evaluate=LYING)
    (repository.root / ".git" / "info" / "grafts").write_text(f"{repository.first} {lie}\n")
    assert repository.git("branch", "--format=%(refname:short)", "--contains", lie) == "main", (
        "git is taken in"
    )
    assert branches_with(repository.root, lie) == ()
    assert branches_with(repository.root, repository.first) == ("main",)


def test_variables_of_another_repository_or_index_lead_nowhere_else(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert source_commit(repository.root) == repository.first


def test_attributes_hide_no_changed_line(repository: Repository) -> None:
    attributes = repository.root / ".gitattributes"
    attributes.write_text("*.py binary -diff\n")
    before = repository.commit()
    after = repository.commit(evaluate=LYING)
    assert "Binary files" in repository.git("diff", before, after), "git hides it"
    assert f"+{LYING}" in changed_lines(repository.root, before, after, ("evaluate.py",))
    (repository.root / "evaluate.py").write_text(HONEST)
    assert code_changes(repository.root, after).files["evaluate.py"].lines[1:] == (
        f"-{LYING.strip()}",
        f"+{HONEST.strip()}",
    )


@pytest.mark.parametrize(
    "line",
    ["++ b/docs/readme.md", "x\rdiff --git a/docs/readme.md b/docs/readme.md", "x\x0c--- a/docs/readme.md"],
    ids=["name", "carriage return", "form feed"],
)
def test_a_line_that_looks_like_a_headers_gives_a_change_to_no_other_file(
    repository: Repository, line: str
) -> None:
    repository.commit(evaluate=f"{HONEST}{line}\n")
    found = code_changes(repository.root, repository.first).files
    assert list(found) == ["evaluate.py"]
    assert found["evaluate.py"].added == 1


@pytest.mark.parametrize("name", ["eval uate", "évaluate", 'eval"uate', "eval\tuate"])
def test_a_changed_file_is_found_under_its_own_name(repository: Repository, name: str) -> None:
    before = repository.commit(**{name: HONEST})
    repository.commit(**{name: LYING})
    assert list(code_changes(repository.root, before).files) == [f"{name}.py"]


def test_what_a_terminal_would_obey_is_shown_in_a_review(repository: Repository) -> None:
    repository.commit(evaluate=f"{LYING.strip()}\x1b[2K\r# tidy\n")
    (changed,) = code_changes(repository.root, repository.first).files.values()
    assert changed.lines[-1] == r"+measured = 0.9\x1b[2K\r# tidy"


def test_the_command_that_fetches_a_commit_does_so_in_a_shallow_clone_too(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit(evaluate=LYING)
    whole, shallow = tmp_path / "whole", tmp_path / "shallow"
    repository.git("clone", "--quiet", str(repository.root), str(whole))
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.root}", str(shallow))
    assert not has_commit(shallow, repository.first)
    assert fetch_command(whole) == "git fetch --all"
    subprocess.run(fetch_command(shallow).split(), cwd=shallow, check=True, capture_output=True)
    assert has_commit(shallow, repository.first)
