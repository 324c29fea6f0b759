"""Protects the forms of a command's answer: JSON alone on stdout, TSV for scripts, tables for people."""

from __future__ import annotations

import json

import pytest

from plumbline.ops.errors import UsageError
from plumbline.ops.output import print_answer

ROWS = [{"name": "a", "on": True, "n": None, "m": {"x": 1}}, {"name": "b|c", "on": False, "n": 2, "m": {}}]
COLUMNS = {"Name": "name", "On": "on", "X": "m.x"}


def _printed(capsys: pytest.CaptureFixture[str], output: str, query: str | None = None) -> str:
    print_answer(ROWS, output=output, query=query, columns=COLUMNS)
    return capsys.readouterr().out


def test_json_is_the_whole_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(_printed(capsys, "json")) == ROWS


def test_tsv_has_no_heading(capsys: pytest.CaptureFixture[str]) -> None:
    assert _printed(capsys, "tsv") == "a\ttrue\t1\nb|c\tfalse\t\n"


def test_query_narrows_to_one_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert _printed(capsys, "tsv", "[0].name") == "a\n"


def test_markdown_escapes_bars(capsys: pytest.CaptureFixture[str]) -> None:
    assert "| b\\|c | false |  |" in _printed(capsys, "markdown")


def test_table_lines_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert _printed(capsys, "table").splitlines()[0] == "Name  On     X"


def test_wrong_query_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--query"):
        print_answer(ROWS, output="json", query="[?", columns=COLUMNS)
