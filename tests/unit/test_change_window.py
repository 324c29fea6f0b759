"""Protects the change window of a release: it opens and closes by its own clock, also when that is put forward."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plumbline.assets import ChangeWindow
from plumbline.assets.change_window import change_window_of

WINDOW = change_window_of(
    {
        "days": ["Tuesday", "Wednesday", "Thursday"],
        "hours": "09:00-15:00",
        "time_zone": "Europe/Berlin",
        "exclusions": [
            {"last_days_of": "quarter", "days": 5, "reason": "the quarter's end"},
            {"from": "2026-12-22", "to": "2027-01-06", "reason": "holidays"},
        ],
    }
)


def closed(text: str, window: ChangeWindow = WINDOW) -> str | None:
    return window.closed_because(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize("moment", [
    "2026-03-24T08:00:00",  # Winter: 09:00 in Berlin.
    "2026-04-07T07:00:00",  # Summer: 09:00 in Berlin.
    "2026-03-26T13:59:59",
    "2026-02-26T10:00:00",  # The end of a month, not of a quarter.
    "2026-12-17T10:00:00",
    "2027-01-07T10:00:00",
])  # fmt: skip
def test_it_is_open(moment: str) -> None:
    assert closed(moment) is None


@pytest.mark.parametrize(("moment", "why"), [
    ("2026-03-24T07:59:59", "outside"),
    ("2026-04-07T13:00:00", "outside"),
    ("2026-04-06T10:00:00", "Monday 2026-04-06 12:00 Europe/Berlin is outside"),
    ("2026-03-31T10:00:00", "the quarter's end"),
    ("2026-09-29T10:00:00", "the quarter's end"),
    ("2026-12-24T10:00:00", "holidays"),
    ("2026-12-22T10:00:00", "holidays"),
    ("2027-01-06T10:00:00", "holidays"),
])  # fmt: skip
def test_it_is_closed_and_says_why(moment: str, why: str) -> None:
    assert why in str(closed(moment))


def test_the_last_days_of_a_quarter_are_counted_from_its_end() -> None:
    every_day = change_window_of(
        {
            "days": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
            "hours": "00:00-24:00",
            "time_zone": "UTC",
            "exclusions": [{"last_days_of": "quarter", "days": 5, "reason": "the quarter's end"}],
        }
    )
    closed_days = [day for day in range(1, 31) if closed(f"2026-06-{day:02}T23:59:59", every_day)]
    assert closed_days == [26, 27, 28, 29, 30]


def test_it_is_shown_in_words() -> None:
    assert str(WINDOW) == (
        "Tuesday, Wednesday, Thursday, 09:00-15:00 Europe/Berlin; not the quarter's end, holidays"
    )
