"""When a release may be changed: days, hours and time zone, and the dates that are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Period -> months in which it ends.
_ENDS = {"month": range(1, 13), "quarter": (3, 6, 9, 12), "year": (12,)}


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """Dates at which nothing changes: from one to another, both included, or the last days of a period.

    Attributes:
        period: ``month``, ``quarter`` or ``year``, with ``days``; else ``first`` and ``last`` are set.
    """

    reason: str
    first: date | None = None
    last: date | None = None
    period: str | None = None
    days: int = 0

    def holds(self, day: date) -> bool:
        """Whether a day is left out."""
        if self.period is None:
            return self.first is not None and self.last is not None and self.first <= day <= self.last
        after = day + timedelta(days=self.days)
        # So few days later another month has begun: these are the last ones of this.
        return day.month in _ENDS[self.period] and (after.year, after.month) != (day.year, day.month)


@dataclass(frozen=True, kw_only=True)
class ChangeWindow:
    """When a release may be promoted.

    Attributes:
        days: 0 is Monday.
        opens: First minute of a day; ``closes`` is the first minute after, None at midnight.
        time_zone: An IANA name; hours are those of its clocks, in summer as in winter.
    """

    days: frozenset[int]
    opens: time
    closes: time | None
    time_zone: str
    exclusions: tuple[Exclusion, ...] = ()

    def closed_because(self, moment: datetime) -> str | None:
        """Why nothing may change at a moment; None while the window is open.

        Args:
            moment: An aware time, in any zone.
        """
        local = moment.astimezone(ZoneInfo(self.time_zone))
        clock = local.time().replace(tzinfo=None)
        here = f"{DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M} {self.time_zone}"
        left_out = next((one for one in self.exclusions if one.holds(local.date())), None)
        if left_out is not None:
            return f"{here} is left out: {left_out.reason}"
        if local.weekday() not in self.days or clock < self.opens:
            return f"{here} is outside of it"
        if self.closes is not None and clock >= self.closes:
            return f"{here} is outside of it"
        return None

    def __str__(self) -> str:
        days = ", ".join(DAYS[day] for day in sorted(self.days))
        closes = f"{self.closes:%H:%M}" if self.closes else "24:00"
        left_out = f"; not {', '.join(one.reason for one in self.exclusions)}" if self.exclusions else ""
        return f"{days}, {self.opens:%H:%M}-{closes} {self.time_zone}{left_out}"


def change_window_of(data: Mapping[str, Any]) -> ChangeWindow:
    """The window that checked fields of a ``release.yml`` describe.

    Raises: ValueError, KeyError: they were not checked, and are wrong.
    """
    opens, _, closes = str(data["hours"]).partition("-")
    return ChangeWindow(
        days=frozenset(DAYS.index(day) for day in data["days"]),
        opens=time.fromisoformat(opens),
        closes=None if closes == "24:00" else time.fromisoformat(closes),
        time_zone=ZoneInfo(str(data["time_zone"])).key,
        exclusions=tuple(_exclusion(row) for row in data.get("exclusions") or ()),
    )


def _exclusion(row: Mapping[str, Any]) -> Exclusion:
    if "last_days_of" in row:
        return Exclusion(reason=row["reason"], period=str(row["last_days_of"]), days=int(row["days"]))
    return Exclusion(
        reason=row["reason"],
        first=date.fromisoformat(str(row["from"])),
        last=date.fromisoformat(str(row["to"])),
    )
