"""The normal form of a schedule: its trigger and its job; and how a REST body becomes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.job import wire_words
from plumbline.assets.rest_words import job_from_rest
from plumbline.assets.yaml_kind import HashOf

START_TIME = "2024-01-01T00:00:00"
"""Where a trigger states none: a constant in the past. Azure would take the moment of the request, and the next
preview would see another one."""

_ZONE = "UTC"
_LISTS = ("hours", "minutes", "week_days", "month_days")


def from_rest(properties: Mapping[str, Any], code_hash_of: HashOf) -> dict[str, Any]:
    """The canonical spec of a REST body: ``trigger`` and ``create_job``."""
    action = properties.get("action") or {}
    return {
        "trigger": normal_trigger(properties.get("trigger") or {}),
        "create_job": job_from_rest(action.get("jobDefinition") or {}, code_hash_of),
    }


def normal_trigger(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical trigger.

    Times are ``YYYY-MM-DDTHH:MM:SS`` without a zone (``time_zone`` says it); lists of hours, minutes and days are
    sorted; a recurrence without ``schedule`` has none, though azure-ai-ml sends empty lists.

    Args:
        fields: az ml names; the words of a REST body are taken too.
    """
    names = wire_words("schedule_fields")
    found = {names.get(name, name): value for name, value in fields.items() if value is not None}
    trigger: dict[str, Any] = {
        "type": str(found.get("type") or found.get("triggerType") or "").lower(),
        "time_zone": found.get("time_zone") or _ZONE,
        # Rests on ml-schedule-start-in-the-past.
        "start_time": normal_time(found.get("start_time") or START_TIME),
    }
    if found.get("end_time"):
        trigger["end_time"] = normal_time(found["end_time"])
    if trigger["type"] == "cron":
        trigger["expression"] = " ".join(str(found.get("expression", "")).split())
        return trigger
    trigger["frequency"] = str(found.get("frequency", "")).lower()
    trigger["interval"] = int(found.get("interval", 1))
    pattern = {names.get(name, name): value for name, value in (found.get("schedule") or {}).items()}
    times = {name: _listed(pattern[name], name) for name in _LISTS if pattern.get(name) not in (None, [])}
    if times:
        trigger["schedule"] = times
    return trigger


def normal_time(text: Any) -> str:
    """``2026-01-01 00:00:00``, with or without fractions of zero or a trailing Z, in the one form."""
    plain = str(text).strip().replace(" ", "T").removesuffix("Z").removesuffix("+00:00")
    head, _, fraction = plain.partition(".")
    return head if not fraction.strip("0") else plain


def _listed(value: Any, name: str) -> list[Any]:
    items = value if isinstance(value, list) else [value]
    if name != "week_days":
        return sorted({int(item) for item in items})
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return sorted(
        {str(item).lower() for item in items}, key=lambda day: days.index(day) if day in days else 7
    )
