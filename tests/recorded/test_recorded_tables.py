"""Protects that every recorded form of the emulator's tables is shown by a row that fails when the form is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.recorded.matching import differences
from tests.recorded.row import read_rows
from tests.recorded.world import World

_EMULATOR = Path(__file__).resolve().parents[2] / "plumbline" / "emulator"
_ROWS = {row.id: row for row in read_rows()}


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("recorded"), str):
            yield value["recorded"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _named(item)


_LINES = sorted({
    row for path in _EMULATOR.rglob("*.yaml") for row in _named(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
})  # fmt: skip


def test_every_recorded_line_names_a_row() -> None:
    assert not [line for line in _LINES if line not in _ROWS]


@pytest.mark.parametrize(
    "row", sorted((line for line in _LINES if line in _ROWS), key=lambda line: _ROWS[line].area)
)
def test_row_fails_when_its_line_is_taken_away(world_of: Callable[[str], World], row: str) -> None:
    world = world_of(_ROWS[row].area)
    control = world.platform.emulator.control
    control("PUT", "recorded", {"taken_away": [row]})
    try:
        assert world.problems(_ROWS[row]), f"{row} holds without its line: it shows nothing"
    finally:
        control("PUT", "recorded", {"taken_away": []})


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        ({"a": 1}, {"a": "1"}),
        ({"a": True}, {"a": 1}),
        ({"a": None}, {"a": "*"}),
        ({"a": None}, {"a": "absent"}),
        ({}, {"a": None}),
        ({"a": "xy"}, {"a": "~x"}),
        ({"a": "x"}, {"a": "!x"}),
        ({"a": 1, "b": 2}, {"$only": {"a": 1}}),
        ({"b": 1, "a": 2}, {"$keys": ["a", "b"]}),
        ([1], [1, 2]),
        ([{"a": 1}], {"$some": {"a": 2}}),
        ([{"a": 1}], {"$none": {"a": 1}}),
        ([1, 2], {"$first": 2}),
        ([1], {"$length": 2}),
        ("2026-01-01T00:00:00.1Z", "after 2026-01-01T00:00:00.2+00:00"),
    ],
)
def test_matcher_sees_the_difference(got: Any, wanted: Any) -> None:
    assert differences(got, wanted)


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        ({"a": 1, "b": 2}, {"a": 1}),
        ({"a": None}, {"a": None, "b": "absent"}),
        ({"a": "absent"}, {"a": "=absent"}),
        ({"a": "x1"}, {"a": "~x[0-9]"}),
        ({"a": 1}, {"$only": {"a": "*"}}),
        ([{"a": 1}, {"a": 2}], {"$some": {"a": 2}, "$none": {"a": 3}, "$length": 2, "$first": {"a": 1}}),
        ("2026-01-01T00:00:00.3Z", "after 2026-01-01T00:00:00.2+00:00"),
        ("after noon", "after noon"),
    ],
)
def test_matcher_takes_what_is_equal(got: Any, wanted: Any) -> None:
    assert not differences(got, wanted)
