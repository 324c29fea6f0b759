"""The world that an area's rows are tried on: one emulator process for each rows file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.contract.machine_learning_platform import machine_learning_platform
from tests.recorded.world import World


@pytest.fixture(scope="module")
def world_of() -> Iterator[Callable[[str], World]]:
    """The world of an area, without noise so that forms are exact; the one of the area before is ended."""
    current: dict[str, World] = {}
    with ExitStack() as running:

        def found(area: str) -> World:
            if area not in current:
                running.close()
                current.clear()
                current[area] = World(running.enter_context(machine_learning_platform()))
            return current[area]

        yield found
