"""The gate: after each test, whatever any emulator was asked meanwhile must be what Azure publishes.

Emulators append their requests to a folder of this test process, so that neither a kill nor a test that empties the log
hides one. Imported by tests/conftest.py.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.check import LoggedRequests, complaints

_KEY = pytest.StashKey[LoggedRequests]()
_EXPLAINED = (
    "Product code sends only what a published REST operation or an official SDK has (tests/wire/README.md). "
    "Mend the request, or add the operation with its source."
)


def pytest_configure(config: pytest.Config) -> None:
    """One folder a test process, for every emulator that it or its children start."""
    folder = tempfile.mkdtemp(prefix="plumbline-requests-")
    os.environ["PLUMBLINE_REQUEST_LOG"] = folder
    config.stash[_KEY] = LoggedRequests(Path(folder))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fails the test during which (or during whose fixtures) an unpublished request was sent."""
    yield
    found = complaints(item.config.stash[_KEY].new(), test=item.nodeid)
    if found:
        pytest.fail("\n  ".join([f"{item.nodeid}: unpublished requests:", *found, _EXPLAINED]), pytrace=False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What the session's last fixtures sent on their way out counts too."""
    logged = session.config.stash[_KEY]
    found = complaints(logged.new(), test="")
    if found:
        print("\n  ".join(["\nAfter the last test: unpublished requests:", *found, _EXPLAINED]))
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    for file in logged.folder.iterdir():
        file.unlink()
    logged.folder.rmdir()
