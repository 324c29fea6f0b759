"""Protects the table of kinds of drift: its page is made from it."""

from __future__ import annotations

from tests.drift_kinds import PAGE, page


def test_the_page_is_what_the_table_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make pages"
