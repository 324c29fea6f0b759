"""When a schedule fires: cron expressions and recurrences, checked as far as Azure documents them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call
from plumbline.emulator.services.machine_learning.job_form import filled, job_forms

_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1)}  # fmt: skip
_WEEKDAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_FULL_WEEKDAYS = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
# Source: Microsoft Learn, "Schedule machine learning pipeline jobs": MINUTES HOURS DAYS MONTHS DAYS-OF-WEEK, and that
# days and months are ignored and treated as *.
_CRON_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minutes", 0, 59, {}),
    ("hours", 0, 23, {}),
    ("days", 1, 31, {}),
    ("months", 1, 12, _MONTHS),
    ("days of week", 0, 6, _WEEKDAYS),
)
_CRON_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?$")
_FREQUENCIES = {"minute", "hour", "day", "week", "month"}


def check_trigger(trigger: Any) -> None:
    """Raises: AzureError: 400 UserError, when a trigger could never fire or is not understood."""
    if not isinstance(trigger, dict):
        raise _refused("trigger", "The trigger must be an object.")
    kind = str(trigger.get("triggerType", "")).lower()
    if kind == "cron":
        check_cron(trigger.get("expression"))
    elif kind == "recurrence":
        _check_recurrence(trigger)
    else:
        raise _refused(
            "trigger.triggerType", f"'{trigger.get('triggerType')}' is not one of Cron, Recurrence."
        )
    for field in ("startTime", "endTime"):
        if trigger.get(field) is not None:
            _check_time(field, trigger[field])


def normal_trigger(call: Call, trigger: dict[str, Any]) -> dict[str, Any]:
    """Return a checked trigger as Azure answers it: names capitalised, what was not sent as null, the rest as sent.

    Source: recorded schedule tests, 2023-10-27 to 2024-02-21.
    """
    rows = job_forms(call)["trigger"]
    found = filled(trigger, rows["members"])
    for field in ("triggerType", "frequency"):
        if field in found:
            found[field] = str(found[field]).capitalize()
    if isinstance(found.get("schedule"), dict):
        pattern = filled(found["schedule"], rows["recurrence"])
        if pattern.get("weekDays"):
            pattern["weekDays"] = [str(day).capitalize() for day in pattern["weekDays"]]
        found["schedule"] = pattern
    return found


def check_cron(expression: Any) -> None:
    """Raises: AzureError: 400 UserError, naming the field of the expression that is wrong."""
    fields = expression.split() if isinstance(expression, str) else []
    if len(fields) != len(_CRON_FIELDS):
        raise _refused("trigger.expression", f"Cron expression '{expression}' must have five fields.")
    for text, (name, low, high, words) in zip(fields, _CRON_FIELDS, strict=True):
        for part in text.split(","):
            match = _CRON_PART.match(part)
            numbers = [_cron_number(match[key], words) for key in ("first", "last") if match and match[key]]
            wrong = (
                match is None
                or any(number is None or not low <= number <= high for number in numbers if number != "*")
                or (match["first"] == "*" and match["last"] is not None)
                or match["step"] == "0"
            )
            if wrong:
                raise _refused(
                    "trigger.expression", f"Cron expression '{expression}': '{part}' is no {name} value."
                )


def _cron_number(text: str, words: dict[str, int]) -> Any:
    if text == "*":
        return "*"
    return int(text) if text.isdigit() else words.get(text.lower())


def _check_recurrence(trigger: dict[str, Any]) -> None:
    frequency, interval = str(trigger.get("frequency", "")).lower(), trigger.get("interval")
    if frequency not in _FREQUENCIES:
        raise _refused(
            "trigger.frequency", f"'{trigger.get('frequency')}' is not one of Minute, Hour, Day, Week, Month."
        )
    if isinstance(interval, bool) or not isinstance(interval, int) or interval < 1:
        raise _refused("trigger.interval", f"The interval must be a whole number from 1, got {interval!r}.")
    schedule = trigger.get("schedule") or {}
    bounds = {"hours": (0, 23), "minutes": (0, 59), "monthDays": (1, 31)}
    for field, (low, high) in bounds.items():
        for value in schedule.get(field) or []:
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise _refused(f"trigger.schedule.{field}", f"{value!r} is not from {low} to {high}.")
    for day in schedule.get("weekDays") or []:
        if str(day).lower() not in _FULL_WEEKDAYS:
            raise _refused("trigger.schedule.weekDays", f"'{day}' is no day of the week.")


def _check_time(field: str, value: Any) -> None:
    try:
        datetime.fromisoformat(str(value))
    except ValueError as error:
        raise _refused(f"trigger.{field}", f"'{value}' is not a time of ISO 8601.") from error


def _refused(field: str, message: str) -> AzureError:
    return AzureError(400, "UserError", message, f"properties.{field}")
