"""Fixtures that give each test file a local platform of its own; nothing here touches `make up`'s.

The platform answers with Azure's noises, and what product code asks of it is held against the published operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.interrupts import take_interrupts
from tests.kept_platform import KeptPlatform
from tests.project_copy import ProjectCopy
from tests.recorded.summary import pytest_terminal_summary
from tests.wire.hooks import pytest_configure, pytest_runtest_teardown, pytest_sessionfinish

# The same examples in every run, and no judgement of how fast a busy machine makes them.
hypothesis.settings.register_profile(
    "suite", derandomize=True, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("suite")

take_interrupts()

__all__ = [
    "platform", "project", "pytest_configure", "pytest_runtest_teardown", "pytest_sessionfinish",
    "pytest_terminal_summary",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; then those of platforms, which compute, between those of engines, which wait; the short ones last."""
    places: dict[Path, float] = {}
    for folder in ("e2e", "engine"):
        files = sorted({item.path for item in items if item.path.parent.name == folder})
        places |= {file: (number + 0.5) / len(files) for number, file in enumerate(files)}
    items.sort(key=lambda item: (item.get_closest_marker("long") is None, places.get(item.path, 1.0)))


@pytest.fixture(scope="session")
def kept_platform(tmp_path_factory: pytest.TempPathFactory) -> KeptPlatform:
    """This test process's platform, not yet brought up."""
    return KeptPlatform(tmp_path_factory.mktemp("platform"))


@pytest.fixture(scope="module")
def platform(kept_platform: KeptPlatform) -> Iterator[ProjectCopy]:
    """The local platform as the real command brought it up, put back as it was for each test file."""
    copy = kept_platform.start()
    try:
        yield copy
    finally:
        kept_platform.stop(copy)


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectCopy]:
    """A fresh copy of the project with nothing local yet; whatever a test starts in it is removed."""
    copy = ProjectCopy.make(tmp_path_factory.mktemp("project") / "project")
    try:
        yield copy
    finally:
        copy.plumbline("local", "reset", "--yes", check=False)
