"""Protects the list of attempts: every row names a test that exists, and the page is made from the list."""

from __future__ import annotations

from tests.attempts import PAGE, attempts, faults, page


def test_every_attempt_is_whole_and_its_test_exists():
    assert faults() == []


def test_the_page_is_what_the_list_makes():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make pages"


def test_every_heading_of_the_promise_has_rows():
    assert {
        "Gate",
        "Evidence",
        "Steps",
        "Tokens",
        "Signatures",
        "Paths",
        "Bodies",
        "Roles",
        "Kills",
        "Faults",
        "Disk",
    } <= set(attempts())
    assert sum(len(rows) for rows in attempts().values()) >= 80
