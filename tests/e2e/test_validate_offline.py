"""Protects `plumbline validate`: every problem of every folder at once, with file and line, and without a network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.project_copy import ProjectCopy

FOLDER = Path("pipelines/claims_release")


@pytest.fixture
def copy(tmp_path: Path) -> ProjectCopy:
    """A project with no platform at all."""
    return ProjectCopy.make(tmp_path / "project")


def test_a_sound_project_ends_0_and_counts_what_it_saw(copy: ProjectCopy) -> None:
    answer = copy.plumbline("validate")
    assert answer.stdout.strip().endswith(
        "no problem. Not read as definitions: thresholds.yml (thresholds, which release.yml names)."
    )
    assert answer.stderr == ""
    assert not (copy.root / ".plumbline").exists()


def test_every_problem_is_told_at_once_with_its_file_and_line(copy: ProjectCopy) -> None:
    train = copy.root / FOLDER / "components" / "train" / "component.yml"
    text = train.read_text().replace("type: number", "type: flaot")
    train.write_text(text)
    pipeline = copy.root / FOLDER / "pipeline.yml"
    pipeline.write_text(pipeline.read_text().replace("force_rerun: false", "force_rerum: false"))
    answer = copy.plumbline("validate", check=False)
    assert answer.returncode == 1
    line = next(at for at, row in enumerate(text.splitlines(), start=1) if "flaot" in row)
    assert (
        f"{FOLDER.as_posix()}/components/train/component.yml:{line}: inputs.alpha.type: got " in answer.stdout
    )
    assert "settings.force_rerum" in answer.stdout
    assert answer.stdout.strip().endswith("2 problems in 2 files.")


def test_json_has_a_row_for_each_problem_and_nothing_else_on_stdout(copy: ProjectCopy) -> None:
    release = copy.root / FOLDER / "release.yml"
    release.write_text(release.read_text().replace("owner:", "owmer:", 1))
    answer = copy.plumbline("validate", "--output", "json", check=False)
    assert answer.returncode == 1
    document = json.loads(answer.stdout)
    assert document["schema"] == "plumbline.validate/1"
    assert document["valid"] is False
    assert document["pipelines"] == []
    for row in document["problems"]:
        assert set(row) == {"severity", "file", "line", "field", "got", "expected", "next_step"}
        assert row["file"] == f"{FOLDER.as_posix()}/release.yml"


def test_a_sound_project_names_what_it_would_register(copy: ProjectCopy) -> None:
    document = json.loads(copy.plumbline("validate", "--output", "json").stdout)
    assert document["valid"] is True
    claims = next(row for row in document["pipelines"] if row["name"] == "claims_release")
    assert claims["steps"] == ["validate", "features", "train", "evaluate", "gate"]
    assert all(asset["version"].startswith("h1") for asset in claims["assets"])
    assert len(claims["job_digest"]) == 64


def test_warnings_are_shown_and_stop_nothing(copy: ProjectCopy) -> None:
    pipeline = copy.root / FOLDER / "pipeline.yml"
    pipeline.write_text(pipeline.read_text().replace("  alpha: 0.01\n", "  alpha: 0.01\n  unused: 5\n", 1))
    answer = copy.plumbline("validate")
    assert f"warning: {FOLDER.as_posix()}/pipeline.yml" in answer.stdout
    assert "inputs.unused" in answer.stdout
    assert "no problem, 1 warning." in answer.stdout


def test_one_folder_can_be_named_and_one_that_is_not_there_is_a_problem(copy: ProjectCopy) -> None:
    assert copy.plumbline("validate", str(FOLDER)).returncode == 0
    answer = copy.plumbline("validate", "pipelines/claim_release", check=False)
    assert answer.returncode == 1
    assert "got no such folder" in answer.stdout


def test_a_project_without_pipelines_is_told_so(copy: ProjectCopy) -> None:
    (copy.root / "pipelines").rename(copy.root / "elsewhere")
    answer = copy.plumbline("validate", check=False)
    assert answer.returncode == 1
    assert "got no folder of definitions" in answer.stderr
