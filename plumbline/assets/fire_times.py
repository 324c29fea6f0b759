"""When a schedule fires next, as Azure computes it: by the clock of its time zone.

Rests on ml-schedule-clock: what Azure was not recorded to do is what its documentation of recurrences says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim
from dateutil import rrule
from tzlocal.windows_tz import win_tz

from plumbline.assets.schedule.normal_form import normal_time, normal_trigger

_FREQUENCIES = {
    "minute": rrule.MINUTELY,
    "hour": rrule.HOURLY,
    "day": rrule.DAILY,
    "week": rrule.WEEKLY,
    "month": rrule.MONTHLY,
}
_STEPS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def next_fire_times(trigger: Mapping[str, Any], after: datetime, count: int = 3) -> tuple[datetime, ...]:
    """The next moments at which a trigger fires, each with the offset that its zone has then.

    A recurrence of days or longer keeps its wall clock through a change of daylight saving; one of hours or minutes
    keeps its distance. A wall clock that a change skips fires as much later as the change skips; one that comes
    twice fires the first time.

    Args:
        trigger: az ml names, or the canonical form of a schedule's spec.
        after: A moment with a zone.
    Raises: KeyError, ValueError: the trigger is not one that validation lets through.
    Source: Azure ML CLI (v2) schedule YAML reference; Azure Data Factory, schedule trigger and daylight saving.
    """
    normal = normal_trigger(trigger)
    zone = ZoneInfo(win_tz[normal["time_zone"]])
    start = _localised(datetime.fromisoformat(normal["start_time"]), zone)
    end = (
        _localised(datetime.fromisoformat(normal_time(normal["end_time"])), zone)
        if normal.get("end_time")
        else None
    )
    begin = max(after.astimezone(UTC), start.astimezone(UTC) - timedelta(microseconds=1))
    found: list[datetime] = []
    for moment in islice(_moments(normal, start, begin, zone), 10 * count + 10):
        instant = moment.astimezone(UTC)
        if instant <= begin or (found and instant <= found[-1]):
            continue
        if len(found) == count or (end is not None and instant > end.astimezone(UTC)):
            break
        found.append(instant)
    return tuple(instant.astimezone(zone) for instant in found)


def _moments(
    trigger: Mapping[str, Any], start: datetime, begin: datetime, zone: ZoneInfo
) -> Iterator[datetime]:
    if trigger["type"] == "cron":
        yield from CronSim(trigger["expression"], begin.astimezone(zone))
        return
    frequency, interval = trigger["frequency"], int(trigger["interval"])
    pattern = trigger.get("schedule") or {}
    step = _STEPS.get(frequency)
    if step is not None and not pattern:
        distance = step * interval
        passed = max(0, (begin - start.astimezone(UTC)) // distance)
        first = start.astimezone(UTC) + passed * distance
        yield from (first + number * distance for number in range(1_000_000))
        return
    base = start.replace(tzinfo=None)
    wall = begin.astimezone(zone).replace(tzinfo=None)
    if step is not None:
        # The rule counts every minute from its start: begin near, at a whole number of intervals.
        distance = step * interval
        base += max(0, (wall - timedelta(days=1) - base) // distance) * distance
    rule = rrule.rrule(
        _FREQUENCIES[frequency],
        interval=interval,
        dtstart=base,
        wkst=rrule.MO,
        byhour=pattern.get("hours"),
        byminute=pattern.get("minutes") or ([0] if pattern.get("hours") else None),
        bysecond=0 if pattern else None,
        byweekday=[_DAYS.index(day) for day in pattern["week_days"]] if pattern.get("week_days") else None,
        bymonthday=pattern.get("month_days"),
    )
    yield from (_localised(moment, zone) for moment in rule.xafter(wall - timedelta(hours=3), inc=True))


def _localised(wall: datetime, zone: ZoneInfo) -> datetime:
    """A wall clock's moment; fold 0 is the first of two, and moves a skipped one past the gap."""
    return wall.replace(tzinfo=zone, fold=0)
