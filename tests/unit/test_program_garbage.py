"""Protects the time of programs: Python looks for garbage seldom in them, unless they chose otherwise."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from plumbline.azureml.garbage import look_for_garbage_less_often


@pytest.fixture(autouse=True)
def _thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_a_program_looks_for_garbage_less_often() -> None:
    gc.set_threshold(700, 10, 10)
    look_for_garbage_less_often()
    assert gc.get_threshold() == (100_000, 10, 10)


@pytest.mark.parametrize("chosen", [0, 500_000])
def test_a_program_that_chose_for_itself_keeps_its_choice(chosen: int) -> None:
    gc.set_threshold(chosen, 5, 5)
    look_for_garbage_less_often()
    assert gc.get_threshold()[0] == chosen
