"""The activity log: who wrote what, when, and how it ended, in Azure Monitor's schema."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from plumbline.emulator.principals import Principal
from plumbline.emulator.settings import Settings
from plumbline.emulator.store import Store, now_text

_SCHEMA = (
    """CREATE TABLE activity (sequence INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, resource TEXT NOT NULL,
        resource_group TEXT NOT NULL, provider TEXT NOT NULL, correlation TEXT NOT NULL, event TEXT NOT NULL)""",
    "CREATE INDEX activity_resource ON activity (resource, sequence)",
)


class Activity:
    """Appends and reads events; an event lies in the same transaction as the write it tells of."""

    def __init__(self, *, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        store.migrate("activity", _SCHEMA)

    def record(
        self,
        *,
        principal: Principal,
        operation: str,
        resource_id: str,
        status: int,
        method: str = "",
        correlation_id: str = "",
        client_address: str = "127.0.0.1",
        claims: Mapping[str, Any] | None = None,
        message: str = "",
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Adds one event.

        Args:
            operation: As RBAC names the action: "Microsoft.MachineLearningServices/workspaces/computes/write".
            status: HTTP status of the answer; 400 and above are failures.
            message: Error text, for a failure.
        """
        time, event_id = now_text(), str(uuid.uuid4())
        correlation_id = correlation_id or str(uuid.uuid4())
        state = "Failed" if status >= 400 else "Accepted" if status == 202 else "Succeeded"
        phrase = HTTPStatus(status).phrase.replace(" ", "")
        provider, kind = _type_of(resource_id, operation)
        group = _segment(resource_id, "resourcegroups")
        caller = principal.name if principal.kind == "User" else principal.object_id
        details = {"statusCode": phrase, "entity": resource_id, "message": operation, "hierarchy": ""}
        if message:
            details["statusMessage"] = message
        event = {
            "authorization": {"action": operation, "scope": resource_id},
            "caller": caller,
            "channels": "Operation",
            "claims": _claims(principal, claims or {}, self._settings.tenant_id),
            "correlationId": correlation_id,
            "description": "",
            "eventDataId": event_id,
            "eventName": _pair("EndRequest", "End request"),
            "category": _pair("Administrative"),
            "eventTimestamp": time,
            "id": f"{resource_id}/events/{event_id}/ticks/{_ticks(time)}",
            "level": "Error" if status >= 400 else "Informational",
            "operationId": correlation_id,
            "operationName": _pair(operation, _wording(operation)),
            "resourceGroupName": group,
            "resourceProviderName": _pair(provider),
            "resourceType": _pair(kind),
            "resourceId": resource_id,
            "status": _pair(state),
            "subStatus": _pair(phrase, f"{HTTPStatus(status).phrase} (HTTP Status Code: {status})"),
            "submissionTimestamp": time,
            "subscriptionId": self._settings.subscription_id,
            "tenantId": self._settings.tenant_id,
            "httpRequest": {
                "clientRequestId": correlation_id,
                "clientIpAddress": client_address,
                "method": method,
            },
            "properties": details | dict(properties or {}),
        }
        self._store.execute(
            "INSERT INTO activity (time, resource, resource_group, provider, correlation, event)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (time, resource_id.lower(), group.lower(), provider.lower(), correlation_id, json.dumps(event)),
        )

    def read(
        self, conditions: list[tuple[str, str, str]], *, before: int | None = None, limit: int = 200
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Events newest first, and where the next page begins (None: no more).

        Args:
            conditions: (column, SQL operator, value) of columns time, resource, resource_group, provider, correlation.
        """
        where, values = ["1 = 1"], list[Any]()
        for column, operator, value in conditions:
            where.append(f"{column} {operator} ?")
            values.append(value)
        if before is not None:
            where.append("sequence < ?")
            values.append(before)
        rows = self._store.execute(
            f"SELECT sequence, event FROM activity WHERE {' AND '.join(where)} ORDER BY sequence DESC LIMIT ?",
            [*values, limit + 1],
        )
        more = rows[limit - 1]["sequence"] if len(rows) > limit else None
        return [json.loads(row["event"]) for row in rows[:limit]], more


def _pair(value: str, localized: str | None = None) -> dict[str, str]:
    return {"value": value, "localizedValue": value if localized is None else localized}


def _segment(resource_id: str, marker: str) -> str:
    parts = resource_id.split("/")
    for index, part in enumerate(parts[:-1]):
        if part.lower() == marker:
            return parts[index + 1]
    return ""


def _type_of(resource_id: str, operation: str) -> tuple[str, str]:
    kind = operation.rsplit("/", 1)[0]
    if operation.lower().endswith("/action"):
        kind = kind.rsplit("/", 1)[0]
    return kind.split("/", 1)[0], kind


def _wording(operation: str) -> str:
    kind, _, verb = operation.rpartition("/")
    noun = kind.rsplit("/", 1)[-1]
    return {"write": f"Create or Update {noun}", "delete": f"Delete {noun}"}.get(
        verb.lower(), f"{noun} {verb}"
    )


def _claims(principal: Principal, claims: Mapping[str, Any], tenant_id: str) -> dict[str, str]:
    shown = {
        "aud": str(claims.get("aud", "")),
        "iss": str(claims.get("iss", "")),
        "appid": principal.client_id,
        "http://schemas.microsoft.com/identity/claims/objectidentifier": principal.object_id,
        "http://schemas.microsoft.com/identity/claims/tenantid": tenant_id,
        "idtyp": "user" if principal.kind == "User" else "app",
    }
    if principal.kind == "User":
        shown["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"] = principal.name
        shown["name"] = str(claims.get("name", principal.name))
    if principal.run:
        shown["run"] = principal.run
    return shown


def _ticks(time: str) -> int:
    moment = datetime.strptime(time[:26], "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=UTC)
    return int((moment - datetime(1, 1, 1, tzinfo=UTC)).total_seconds() * 10_000_000)
