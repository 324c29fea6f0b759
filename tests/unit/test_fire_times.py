"""Protects the next runs that a review promises: Windows zones, daylight saving, recurrence and cron."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from plumbline.assets.fire_times import next_fire_times

BERLIN = "W. Europe Standard Time"
WEEKLY = {
    "type": "recurrence",
    "frequency": "week",
    "interval": 1,
    "schedule": {"hours": 6, "minutes": 0, "week_days": ["monday"]},
    "start_time": "2026-01-05T06:00:00",
    "time_zone": BERLIN,
}


def _times(trigger: dict[str, Any], after: str, count: int = 3) -> list[str]:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    return [found.isoformat(" ", "minutes") for found in next_fire_times(trigger, moment, count)]


def test_weekly_run_keeps_its_wall_clock_when_summer_time_ends() -> None:
    assert _times(WEEKLY, "2026-10-12T12:00") == [
        "2026-10-19 06:00+02:00", "2026-10-26 06:00+01:00", "2026-11-02 06:00+01:00",
    ]  # fmt: skip


def test_a_run_that_is_due_this_very_moment_is_not_the_next_one() -> None:
    assert _times(WEEKLY, "2026-11-30T05:00", 1) == ["2026-12-07 06:00+01:00"]
    assert _times(WEEKLY, "2026-11-30T04:59", 1) == ["2026-11-30 06:00+01:00"]


def test_cron_keeps_its_wall_clock_too() -> None:
    trigger = {"type": "cron", "expression": "15 7 * * 1-5", "time_zone": "Eastern Standard Time"}
    assert _times(trigger, "2026-10-30T20:00") == [
        "2026-11-02 07:15-05:00", "2026-11-03 07:15-05:00", "2026-11-04 07:15-05:00",
    ]  # fmt: skip
    assert _times(trigger, "2026-10-30T10:00", 1) == ["2026-10-30 07:15-04:00"]


def test_a_wall_clock_that_summer_time_skips_fires_an_hour_later() -> None:
    nightly = {**WEEKLY, "frequency": "day", "schedule": {"hours": 2, "minutes": 30}}
    assert _times(nightly, "2026-03-28T12:00", 2) == ["2026-03-29 03:30+02:00", "2026-03-30 02:30+02:00"]


def test_a_wall_clock_that_comes_twice_fires_once() -> None:
    nightly = {**WEEKLY, "frequency": "day", "schedule": {"hours": 2, "minutes": 30}}
    assert _times(nightly, "2026-10-24T12:00", 2) == ["2026-10-25 02:30+02:00", "2026-10-26 02:30+01:00"]


def test_hours_and_minutes_count_elapsed_time() -> None:
    six_hours = {**WEEKLY, "frequency": "hour", "interval": 6, "schedule": None}
    assert _times(six_hours, "2026-10-24T20:00", 3) == [
        "2026-10-25 01:00+02:00", "2026-10-25 06:00+01:00", "2026-10-25 12:00+01:00",
    ]  # fmt: skip
    often = {**WEEKLY, "frequency": "minute", "interval": 45, "schedule": None}
    assert _times(often, "2026-11-27T12:00", 2) == ["2026-11-27 13:30+01:00", "2026-11-27 14:15+01:00"]


def test_minutes_of_every_hour() -> None:
    trigger = {**WEEKLY, "frequency": "hour", "interval": 1, "schedule": {"minutes": [5, 35]}}
    assert _times(trigger, "2026-11-27T12:10", 2) == ["2026-11-27 13:35+01:00", "2026-11-27 14:05+01:00"]


def test_months_without_the_day_are_skipped() -> None:
    monthly = {
        **WEEKLY,
        "frequency": "month",
        "schedule": {"hours": [6, 18], "minutes": [0], "month_days": [31]},
    }
    assert _times(monthly, "2026-03-30T00:00") == [
        "2026-03-31 06:00+02:00", "2026-03-31 18:00+02:00", "2026-05-31 06:00+02:00",
    ]  # fmt: skip


def test_every_other_week_counts_from_the_start() -> None:
    fortnightly = {**WEEKLY, "interval": 2}
    assert _times(fortnightly, "2026-01-06T00:00", 2) == ["2026-01-19 06:00+01:00", "2026-02-02 06:00+01:00"]


def test_start_and_end_bound_the_runs() -> None:
    bounded = {**WEEKLY, "start_time": "2030-01-05T06:00:00", "end_time": "2030-01-15T00:00:00"}
    assert _times(bounded, "2026-11-27T00:00") == ["2030-01-07 06:00+01:00", "2030-01-14 06:00+01:00"]
    assert _times(bounded, "2031-01-01T00:00") == []


def test_without_a_pattern_the_start_gives_day_and_hour() -> None:
    plain = {**WEEKLY, "schedule": None, "start_time": "2026-01-07T09:30:00"}
    assert _times(plain, "2026-11-27T00:00", 2) == ["2026-12-02 09:30+01:00", "2026-12-09 09:30+01:00"]


def test_the_words_of_azure_are_read_too() -> None:
    wire = {
        "triggerType": "Recurrence",
        "frequency": "Week",
        "interval": 1,
        "schedule": {"hours": [6], "minutes": [0], "weekDays": ["Monday"]},
        "startTime": "2026-01-05 06:00:00",
        "timeZone": BERLIN,
    }
    assert _times(wire, "2026-11-27T00:00") == _times(WEEKLY, "2026-11-27T00:00")
