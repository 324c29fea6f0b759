"""Protects: an MLTable that cannot be read fails its parallel step by name, whatever it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from plumbline.emulator.executor.parallel_report import _described
from plumbline.emulator.executor.step_error import StepFailed


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rows", "got 'rows', expected paths and transformations"),
        ("", "got None, expected paths and transformations"),
        ("paths: [", "got what is no YAML"),
        ("paths: all.csv", "got 'all.csv' for paths, expected a list"),
        ("paths: [all.csv]", "got the path 'all.csv', expected one of file, folder, pattern with its path"),
        ("paths: [{file: 3}]", "got the path {'file': 3}"),
        ("paths: [{files: a.csv}]", "got the path {'files': 'a.csv'}"),
        ("paths: [{folder: ../others}]", "got the path ../others, expected one below its own folder"),
        ("paths: [{file: /etc/hosts}]", "got the path /etc/hosts, expected one below its own folder"),
        ("paths: [{file: 'wasbs://c@a.example/x'}]", "expected one below its own folder"),
        (
            "transformations: [{read_delimited: comma}]",
            "got 'comma' for read_delimited, expected its options",
        ),
        ("transformations: [{keep_columns: 3}]", "got 3 for keep_columns, expected its options"),
        ("transformations: [{}]", "the transformation {} is not emulated"),
        ("transformations: [take: 3]", "the transformation take is not emulated"),
    ],
)
def test_a_table_that_cannot_be_read_is_named(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "MLTable").write_text(text)
    with pytest.raises(StepFailed) as failed:
        _described("input rows", tmp_path / "MLTable")
    assert str(failed.value).startswith("input rows: MLTable: ")
    assert why in str(failed.value)


def test_files_come_from_below_the_table(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("in/b.csv", "in/a.csv", "c.csv", "d.txt"):
        (tmp_path / name).write_text("1\n")
    text = (
        "paths: [{folder: ./in}, {pattern: '*.csv'}]\ntransformations: [read_delimited, {drop_columns: x}]\n"
    )
    (tmp_path / "MLTable").write_text(text)
    found = _described("input rows", tmp_path / "MLTable")
    assert [Path(each).name for each in found["files"]] == ["a.csv", "b.csv", "c.csv"]
    assert (found["reader"], found["columns"]) == ("read_delimited", [["drop_columns", ["x"]]])
