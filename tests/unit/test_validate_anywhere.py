"""Protects the first try: `plumbline validate` and its page work on definitions that no project of ours holds yet."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from plumbline.ops.definition_root import definition_root
from plumbline.ops.language_reference import PAGE, page
from plumbline.ops.validate import command

FILES = {
    "ml/train/pipeline.yml": "type: pipeline\nsettings: {default_compute: azureml:c1}\njobs:\n  train:\n"
    "    code: ../../src\n    command: python a.py\n    environment: azureml:plain@latest\n",
    "ml/train/environment.yml": "name: plain\nimage: mcr.example/base:1\n",
    "src/a.py": "print(1)\n",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("start", [".", "ml/train"])
def test_a_repository_without_a_project_is_checked_from_its_root(
    repository: Path, start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / ".git").mkdir()
    monkeypatch.chdir(repository / start)
    answer = CliRunner().invoke(command, [str(repository / "ml" / "train")])
    assert answer.exit_code == 0, answer.output
    assert "ml/train/pipeline.yml: jobs.train becomes component train_train:h1" in answer.output
    assert answer.output.strip().endswith("1 pipeline with 2 assets: no problem.")


def test_without_any_mark_paths_start_where_the_command_does(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    assert definition_root([repository / "ml" / "train"]) == repository


def test_the_page_of_what_is_read_is_as_the_tables_make_it() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
