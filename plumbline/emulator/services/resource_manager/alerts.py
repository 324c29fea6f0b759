"""What Azure Monitor and Consumption fill in or re-write beyond a row: receivers, criteria, log categories, budgets."""

from __future__ import annotations

import re
import time
from typing import Any

from plumbline.emulator.routing import Call
from plumbline.emulator.services.resource_manager.resource_handlers import Hooks
from plumbline.emulator.store import Resource

_BEFORE = "_before"  # kept beside the body, never answered
_STALE_SECONDS = 1.0
_RECEIVERS_WITH_STATUS = ("emailReceivers", "smsReceivers")
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?Z?")


def _action_group(call: Call, resource_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    for name in _RECEIVERS_WITH_STATUS:
        for receiver in body["properties"].get(name, []):
            receiver["status"] = "Enabled"
    if present is not None:
        before = {key: value for key, value in present.body.items() if key != _BEFORE}
        body[_BEFORE] = {"until": time.time() + _STALE_SECONDS, "body": before}


def _perhaps_stale(call: Call, resource: Resource, shown: dict[str, Any]) -> dict[str, Any]:
    """A GET right after an update was recorded to answer the state before it; when, is noise."""
    before = shown.pop(_BEFORE, None)
    stale = call.method == "GET" and before is not None and before["until"] > time.time()
    return {**shown, **before["body"]} if stale and call.emulator.noises.has("stale_reads") else shown


def _metric_alert(call: Call, resource_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    for criterion in body["properties"]["criteria"].get("allOf", []):
        if criterion.get("dimensions") == []:
            del criterion["dimensions"]


def _diagnostic_setting(call: Call, resource_id: str, present: Resource | None, body: dict[str, Any]) -> None:
    for log in body["properties"]["logs"]:
        log.setdefault("categoryGroup", None)


def _budget(call: Call, resource: Resource, shown: dict[str, Any]) -> dict[str, Any]:
    period = shown["properties"]["timePeriod"]
    for name in ("startDate", "endDate"):
        if match := _MIDNIGHT.fullmatch(str(period.get(name, ""))):
            period[name] = f"{match[1]}Z"
    shown["eTag"] = shown.pop("etag")
    return shown


ACTION_GROUP_HOOKS = Hooks(before_put=_action_group, presented=_perhaps_stale)
METRIC_ALERT_HOOKS = Hooks(before_put=_metric_alert)
DIAGNOSTIC_SETTING_HOOKS = Hooks(before_put=_diagnostic_setting)
BUDGET_HOOKS = Hooks(presented=_budget)
