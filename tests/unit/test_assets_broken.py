"""Protects the first hour: whatever is broken in a definition is named with file and line, all of it at once."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from plumbline.assets import Problem, read_ml_pipelines

DATA = Path(__file__).parents[1] / "data" / "assets"
ROWS: list[dict[str, Any]] = yaml.safe_load((DATA / "broken.yml").read_text("utf-8"))


@dataclass(frozen=True)
class Case:
    """One way to break one line of one file."""

    what: str
    folder: str
    file: str
    line: int
    text: str
    at: str

    def __str__(self) -> str:
        return f"{self.what}: {self.folder}/{self.file}:{self.line}"


def _cases() -> Iterator[Case]:
    for folder in ("small", "wide", "kinds"):
        for path in sorted((DATA / folder).rglob("*.y*ml")):
            if "src" in path.parts or path.stem in ("release", "pins"):
                continue
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                yield from _of_line(folder, path.relative_to(DATA / folder).as_posix(), number, line)


def _of_line(folder: str, file: str, number: int, line: str) -> Iterator[Case]:
    for row in ROWS:
        if not re.search(row["find"], line):
            continue
        text = f"{line}\n{line}" if row.get("twice") else re.sub(row["find"], row["put"], line, count=1)
        moved = number + 1 if row.get("twice") else number
        if text != line:
            yield Case(row["what"], folder, file, moved, text, row["at"])


def _chosen() -> Iterator[Case]:
    """Some of each row, spread over the files: all of them would take a minute."""
    for row in ROWS:
        fitting = [case for case in _cases() if case.what == row["what"]]
        yield from fitting[:: max(1, len(fitting) // 11)]


CASES = list(_chosen())


def _problems(root: Path, *cases: Case) -> tuple[Problem, ...]:
    folder = root / cases[0].folder
    shutil.copytree(DATA / cases[0].folder, folder)
    for case in cases:
        file = folder / case.file
        lines = file.read_text().splitlines()
        at = case.line - 1 if "\n" not in case.text else case.line - 2
        lines[at] = case.text
        file.write_text("\n".join(lines) + "\n")
    return read_ml_pipelines([folder], root=root).errors


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 200
    assert {case.what for case in CASES} == {row["what"] for row in ROWS}


@pytest.mark.parametrize("what", [row["what"] for row in ROWS])
def test_what_is_broken_is_named_with_file_and_line(what: str, tmp_path: Path) -> None:
    for number, case in enumerate(case for case in CASES if case.what == what):
        errors = _problems(tmp_path / str(number), case)
        assert errors, f"{case}: nothing is wrong with {case.text!r}"
        assert all(problem.line > 0 and problem.got and problem.expected for problem in errors), str(case)
        file = f"{case.folder}/{case.file}"
        places = [(problem.file, problem.line) for problem in errors]
        if case.at == "line":
            assert (file, case.line) in places, f"{case}: {[str(problem) for problem in errors]}"
        elif case.at == "file":
            assert file in [place for place, _ in places], f"{case}: {[str(one) for one in errors]}"


def test_faults_of_many_files_are_named_all_at_once(tmp_path: Path) -> None:
    """One fault a file: none hides another."""
    wanted: dict[str, Case] = {}
    for case in CASES:
        if case.folder == "wide" and case.at == "line":
            wanted.setdefault(case.file, case)
    assert len(wanted) >= 5
    places = {(problem.file, problem.line) for problem in _problems(tmp_path, *wanted.values())}
    assert {(f"wide/{case.file}", case.line) for case in wanted.values()} <= places
