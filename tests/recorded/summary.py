"""After a run that tried recorded rows: how many there are, by area. Imported by tests/conftest.py."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.recorded.row import read_rows


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line, so that a row that went missing is seen."""
    tried = any(
        "tests/recorded/" in getattr(report, "nodeid", "")
        for reports in terminalreporter.stats.values()
        for report in reports
    )
    if tried:
        counted = Counter(row.area for row in read_rows())
        areas = ", ".join(f"{area} {number}" for area, number in sorted(counted.items()))
        terminalreporter.write_line(f"recorded rows: {counted.total()} ({areas})")
