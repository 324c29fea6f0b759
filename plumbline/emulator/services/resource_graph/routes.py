"""Azure Resource Graph, `Resources - Resources`: questions about changes; other tables answer 501 by their name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from plumbline.emulator.change_records import stamp
from plumbline.emulator.errors import bad_request
from plumbline.emulator.routing import Call, Reply, Route
from plumbline.emulator.services.resource_graph import query
from plumbline.emulator.services.resource_manager import checks

_VERSIONS = ("2021-03-01", "2022-10-01", "2024-04-01")
_LONGEST_PAGE = 1000


def resources(call: Call) -> Reply:
    """POST .../Microsoft.ResourceGraph/resources: rows that the caller may read, as objects.

    Raises: AzureError: 400 for a body without a query, 501 for what is not modelled.
    """
    checks.check_version(call, _VERSIONS, provider_type="resources")
    body = call.json()
    if not isinstance(body.get("query"), str) or not body["query"]:
        raise bad_request("InvalidQuery", "Query is null or empty.")
    options: dict[str, Any] = body.get("options") or {}
    if options.get("resultFormat", "objectArray") != "objectArray":
        raise query.not_modelled(f"resultFormat {options['resultFormat']}")
    asked = query.read(body["query"])
    if asked.table not in call.emulator.change_records.tables:
        raise query.not_modelled(asked.table)
    rows = query.answer(asked, (row for row in _rows(call, asked.table) if _is_meant(row, body)))
    start = int(options.get("$skipToken") or 0)
    top = min(int(options.get("$top") or _LONGEST_PAGE), _LONGEST_PAGE)
    page = [{name: _plain(value) for name, value in row.items()} for row in rows[start : start + top]]
    answer: dict[str, Any] = {
        "totalRecords": len(rows),
        "count": len(page),
        "data": page,
        "facets": [],
        "resultTruncated": "false",
    }
    # Without the column `id` there is no way to the next page (learn, "Working with large Azure resource data sets").
    if start + top < len(rows):
        answer |= {"$skipToken": str(start + top)} if "id" in rows[0] else {"resultTruncated": "true"}
    return Reply(json=answer)


def _rows(call: Call, table: str) -> list[dict[str, Any]]:
    may = call.emulator.access.allowed
    return [
        row
        for row in call.emulator.change_records.read(table)
        if may(
            call.principal,
            f"{row['properties']['targetResourceType']}/read",
            row["properties"]["targetResourceId"],
        )
    ]


def _is_meant(row: dict[str, Any], body: dict[str, Any]) -> bool:
    wanted = body.get("subscriptions")
    return wanted is None or row["subscriptionId"] in {str(one).lower() for one in wanted}


def _plain(value: Any) -> Any:
    return stamp(value.timestamp()) if isinstance(value, datetime) else value


ROUTES = [
    Route(
        method="POST",
        path="/providers/Microsoft.ResourceGraph/resources",
        handler=resources,
        logged=False,
    )
]
