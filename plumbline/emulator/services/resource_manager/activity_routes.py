"""The activity log as Azure Monitor answers it: $filter by time, resource, group, provider or correlation; paged."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from plumbline.emulator.errors import AzureError, bad_request
from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.resource_manager import checks

_VERSIONS = ("2015-04-01", "2014-04-01", "2017-03-01-preview")
_PAGE = 200
# Values come in quotes, as REST documents them, and without, as az sends them.
_CONDITION = re.compile(r"(\w+)\s+(eq|ge|le|gt|lt)\s+(?:'([^']*)'|([^'\s]+))", re.IGNORECASE)
_KEPT = timedelta(days=90)
_COLUMNS = {
    "eventtimestamp": "time",
    "resourceuri": "resource",
    "resourceid": "resource",
    "resourcegroupname": "resource_group",
    "resourceprovider": "provider",
    "correlationid": "correlation",
    "caller": "json_extract(event, '$.caller')",
    "status": "json_extract(event, '$.status.value')",
}
_AS_GIVEN = frozenset({"time", "correlation", _COLUMNS["caller"], _COLUMNS["status"]})
_SUBSCRIPTION = "lower(json_extract(event, '$.subscriptionId'))"
# Taken and not looked at: az sends them with every query.
_PASSED_OVER = frozenset({"eventchannels", "levels"})
_SQL = {"eq": "=", "ge": ">=", "le": "<=", "gt": ">", "lt": "<"}


def events(call: Call) -> Reply:
    """GET .../Microsoft.Insights/eventtypes/management/values. Newest first.

    Raises: AzureError: 400 for a filter that names no start time or an unknown field, as Azure does.
    """
    checks.check_version(call, _VERSIONS, provider_type="eventtypes")
    conditions = _conditions(call.query.get("$filter", ""))
    conditions.append((_SUBSCRIPTION, "=", call.subscription_scope.rpartition("/")[2]))
    token = call.query.get("$skiptoken", "")
    if token and not token.isdigit():
        raise bad_request("BadRequest", f"The $skiptoken '{token}' is not valid.")
    found, following = call.emulator.activity.read(
        conditions, before=int(token) if token else None, limit=_PAGE
    )
    if chosen := call.query.get("$select", ""):
        names = {name.strip() for name in chosen.split(",")}
        found = [{key: value for key, value in event.items() if key in names} for event in found]
    answer: dict[str, Any] = {"value": found}
    if following is not None:
        query = "&".join(f"{key}={quote(value)}" for key, value in call.query.items() if key != "$skiptoken")
        answer["nextLink"] = f"{call.base_url}{call.path}?{query}&$skiptoken={following}"
    return Reply(json=answer)


def _conditions(text: str) -> list[tuple[str, str, str]]:
    if not text:
        return []
    found = []
    for part in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE):
        match = _CONDITION.fullmatch(part.strip())
        if match is not None and match[1].lower() in _PASSED_OVER:
            continue
        column = _COLUMNS.get(match[1].lower()) if match else None
        if match is None or column is None:
            raise bad_request("BadRequest", f"The $filter condition '{part}' is not supported.")
        given = match[3] if match[3] is not None else match[4]
        value = given if column in _AS_GIVEN else given.lower().rstrip("/")
        if column == "time":
            value = _sortable(value)
            _require_kept(match[2].lower(), value)
        found.append((column, _SQL[match[2].lower()], value))
    if not any(column == "time" and operator in (">=", ">") for column, operator, _ in found):
        raise bad_request("BadRequest", "The $filter must give a start time: eventTimestamp ge '...'.")
    return found


def _require_kept(operator: str, time: str) -> None:
    """Raises: AzureError: 400 with the flat body that was recorded, for a start before the log's 90 days."""
    if operator in ("ge", "gt") and time < _sortable((datetime.now(UTC) - _KEPT).isoformat()):
        raise AzureError(
            400, "BadRequest", "The start time cannot be more than 90 days in the past.", flat=True
        )


def _sortable(time: str) -> str:
    """Times compare as text: the same form, whatever the client's precision or offset notation."""
    try:
        moment = datetime.fromisoformat(time.strip())
    except ValueError as error:
        raise bad_request("BadRequest", f"The time '{time}' is not valid.") from error
    moment = moment.astimezone(UTC) if moment.tzinfo is not None else moment
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


ROUTES = [
    Route(
        method="GET",
        path="/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values",
        handler=events,
        action="Microsoft.Insights/eventtypes/values/Read",
    )
]
