"""Protects that the emulator and the pure functions answer as Azure was recorded: every row of rows/*.yaml holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.recorded.row import Row, read_rows
from tests.recorded.world import World, pure_problems

_ROWS = read_rows()
_ASKED = [row for row in _ROWS if row.pure is None]
_PURE = [row for row in _ROWS if row.pure is not None]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in _ASKED])
def test_emulator_answers_as_recorded(world_of: Callable[[str], World], row: Row) -> None:
    problems = world_of(row.area).problems(row)
    assert not problems, "\n".join([f"{row.id}: {row.fact}", *problems])


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in _PURE])
def test_pure_function_takes_what_was_recorded(row: Row) -> None:
    assert row.pure is not None
    problems = pure_problems(row.pure)
    assert not problems, "\n".join([f"{row.id}: {row.fact}", *problems])


def test_every_row_has_an_id_of_its_own() -> None:
    repeated = [identifier for identifier, times in Counter(row.id for row in _ROWS).items() if times > 1]
    assert not repeated
