"""The world that an area's rows are tried on: one emulator process for each rows file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.machine_learning_platform import machine_learning_platform
from tests.recorded.world import World


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Parametrized by area, so that pytest runs an area's rows together; no noise, so that forms are exact."""
    with machine_learning_platform() as platform:
        yield World(platform)
