"""Protects that every recorded member of an ARM type's row is shown by a row that fails when the member is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import plumbline.emulator
from plumbline.emulator.services.resource_manager.resource_types import ResourceTypes
from tests.recorded.row import read_rows
from tests.recorded.world import World

_TYPES = ResourceTypes.load(
    Path(plumbline.emulator.__file__).parent / "services" / "resource_manager" / "types"
)
_ROWS = {row.id: row for row in read_rows()}
# By area, so that each has one world.
_NAMED = sorted(
    ((row, kind) for kind in _TYPES for row in kind.recorded),
    key=lambda pair: _ROWS[pair[0]].area if pair[0] in _ROWS else "",
)


@pytest.mark.parametrize(("row", "kind"), _NAMED, ids=[row for row, _ in _NAMED])
def test_row_is_there_and_changes_its_type(row: str, kind: object) -> None:
    assert row in _ROWS
    assert kind.without(frozenset({row})) != kind  # type: ignore[attr-defined]


@pytest.mark.parametrize("row", [row for row, _ in _NAMED if row in _ROWS])
def test_row_fails_when_its_members_are_taken_away(world_of: Callable[[str], World], row: str) -> None:
    world = world_of(_ROWS[row].area)
    control = world.platform.emulator.control
    control("PUT", "recorded", {"taken_away": [row]})
    try:
        assert world.problems(_ROWS[row]), f"{row} holds without its members: it shows nothing"
    finally:
        control("PUT", "recorded", {"taken_away": []})
