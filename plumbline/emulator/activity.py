"""The activity log: who wrote what, when, and how it ended, in Azure Monitor's schema."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from plumbline.emulator.noise import Noises
from plumbline.emulator.principals import Principal
from plumbline.emulator.settings import Settings
from plumbline.emulator.store import Store

_SCHEMA = (
    """CREATE TABLE activity (sequence INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, resource TEXT NOT NULL,
        resource_group TEXT NOT NULL, provider TEXT NOT NULL, correlation TEXT NOT NULL, event TEXT NOT NULL)""",
    "CREATE INDEX activity_resource ON activity (resource, sequence)",
    "ALTER TABLE activity ADD COLUMN visible REAL NOT NULL DEFAULT 0",
)
# Recorded for this provider only; bodies of others may hold secrets.
_KEEPS_BODIES = frozenset({"microsoft.authorization"})
_LONGEST_NOISE_SECONDS = 0.3


class Activity:
    """Appends and reads events; an event lies in the same transaction as the write it tells of.

    A write that is admitted has two events, BeginRequest (Started) and EndRequest, with one correlationId. They can be
    read once their lag is over: the one that a test sets, or a small one of their own under noise, so that a newer
    event may be there while an older one is not.
    """

    def __init__(self, *, settings: Settings, store: Store, noises: Noises) -> None:
        self._settings = settings
        self._store = store
        self._noises = noises
        self.lag_seconds = 0.0
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
        request_body: str = "",
        response_body: str = "",
    ) -> None:
        """Adds the events of one write.

        Args:
            operation: As RBAC names the action: "Microsoft.MachineLearningServices/workspaces/computes/write".
            status: HTTP status of the answer; 400 and above are failures.
            message: Error text, for a failure.
            request_body, response_body: Kept where Azure was recorded to keep them (see _KEEPS_BODIES).
        """
        correlation_id = correlation_id or str(uuid.uuid4())
        phrase = HTTPStatus(status).phrase.replace(" ", "")
        provider, kind = _type_of(resource_id, operation)
        settings = self._settings
        subscription = _segment(resource_id, "subscriptions") or settings.subscription_id
        common = {
            "authorization": {"action": operation, "scope": resource_id},
            "caller": principal.name if principal.kind == "User" else principal.object_id,
            "channels": "Operation",
            "claims": _claims(principal, claims or {}, settings.tenant_id, client_address),
            "correlationId": correlation_id,
            "description": "",
            "category": _pair("Administrative"),
            "level": "Error" if status >= 400 else "Informational",
            "operationId": correlation_id,
            "operationName": _pair(operation, _wording(operation)),
            "resourceGroupName": _segment(resource_id, "resourcegroups"),
            "resourceProviderName": _pair(provider),
            "resourceType": _pair(kind),
            "resourceId": resource_id,
            "subscriptionId": subscription,
            "tenantId": settings.tenant_id,
            "httpRequest": {
                "clientRequestId": correlation_id,
                "clientIpAddress": client_address,
                "method": method,
            },
        }
        details: dict[str, Any] = {
            "eventCategory": "Administrative",
            "entity": resource_id,
            "message": operation,
            "hierarchy": f"{settings.tenant_id}/{subscription}",
        }
        keeps = provider.lower() in _KEEPS_BODIES
        # Who was not let in began nothing.
        if status not in (401, 403):
            begun = {"requestbody": request_body} if keeps and request_body else {}
            self._add(common | {
                "eventName": _pair("BeginRequest", "Begin request"),
                "status": _pair("Started"),
                "subStatus": _pair(""),
                "properties": begun | details,
            })  # fmt: skip
        ended: dict[str, Any] = {"statusCode": phrase, "serviceRequestId": None}
        if keeps and response_body and operation.lower().endswith("/delete"):
            ended["responseBody"] = response_body
        if message:
            ended["statusMessage"] = message
        self._add(common | {
            "eventName": _pair("EndRequest", "End request"),
            "status": _pair("Failed" if status >= 400 else "Succeeded"),
            "subStatus": _pair(phrase, f"{HTTPStatus(status).phrase} (HTTP Status Code: {status})"),
            "properties": ended | details,
        })  # fmt: skip

    def record_policy(self, resource_id: str, *, assignment: str, effect: str) -> bool:
        """Adds the event with which Azure Policy says that it changed the newest request to a resource.

        Source: Azure Monitor, "Azure activity log event schema", Policy category. That it has the request's correlationId is
        assumed.
        Returns: False when nothing was written to the resource.
        """
        rows = self._store.execute(
            "SELECT event FROM activity WHERE resource = ? ORDER BY sequence DESC LIMIT 1",
            [resource_id.lower()],
        )
        if not rows:
            return False
        event = json.loads(rows[0]["event"])
        operation = f"Microsoft.Authorization/policies/{effect}/action"
        policies = [{"policyAssignmentName": assignment, "policyDefinitionEffect": effect}]
        self._add(event | {
            "authorization": {"action": operation, "scope": resource_id},
            "category": _pair("Policy"),
            "operationName": _pair(operation, f"'{effect}' Policy action."),
            "status": _pair("Succeeded"),
            "properties": {"isComplianceCheck": "False", "policies": json.dumps(policies), "eventCategory": "Policy"},
        })  # fmt: skip
        return True

    def _add(self, event: dict[str, Any]) -> None:
        now, event_id = datetime.now(UTC), str(uuid.uuid4())
        stamp = _stamp(now)
        visible = now + timedelta(seconds=self._lag(event_id))
        event |= {
            "eventDataId": event_id,
            "eventTimestamp": stamp,
            "id": f"{event['resourceId']}/events/{event_id}/ticks/{_ticks(now)}",
            "submissionTimestamp": _stamp(visible),
        }
        self._store.execute(
            "INSERT INTO activity (time, resource, resource_group, provider, correlation, event, visible)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                now.strftime("%Y-%m-%dT%H:%M:%S.%f0Z"), event["resourceId"].lower(), event["resourceGroupName"].lower(),
                event["resourceProviderName"]["value"].lower(), event["correlationId"], json.dumps(event),
                visible.timestamp(),
            ),
        )  # fmt: skip

    def _lag(self, event_id: str) -> float:
        if self.lag_seconds:
            return self.lag_seconds
        if not self._noises.has("late_activity"):
            return 0.0
        return _LONGEST_NOISE_SECONDS * int(event_id[:2], 16) / 255

    def read(
        self, conditions: list[tuple[str, str, str]], *, before: int | None = None, limit: int = 200
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Events newest first, and where the next page begins (None: no more).

        Args:
            conditions: (column, SQL operator, value) of columns time, resource, resource_group, provider, correlation,
                or of an expression over the event.
        """
        where, values = ["visible <= ?"], list[Any]([time.time()])
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
    if kind.lower().startswith("microsoft.authorization/role"):
        words = f"role {noun[4:-1].lower()}"
        return {"write": f"Create {words}", "delete": f"Delete {words}"}.get(verb.lower(), f"{words} {verb}")
    return {"write": f"Create or Update {noun}", "delete": f"Delete {noun}"}.get(
        verb.lower(), f"{noun} {verb}"
    )


def _claims(
    principal: Principal, claims: Mapping[str, Any], tenant_id: str, client_address: str
) -> dict[str, str]:
    """The token's claims as the log shows them: all as text, under the names of the older token form."""
    user = principal.kind == "User"
    microsoft, soap = "http://schemas.microsoft.com", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
    shown = {
        "aud": "https://management.core.windows.net/",
        "iss": f"https://sts.windows.net/{tenant_id}/",
        **{name: str(claims[name]) for name in ("iat", "nbf", "exp") if name in claims},
        # Of a person the client that was used: the portal, a command line.
        "appid": str(claims.get("appid", principal.client_id)),
        "appidacr": "0" if user else "2",
        "ipaddr": client_address,
        f"{microsoft}/identity/claims/objectidentifier": principal.object_id,
        f"{microsoft}/identity/claims/tenantid": tenant_id,
        f"{soap}/nameidentifier": principal.object_id,
        "uti": str(claims.get("uti", "")),
        "ver": "1.0",
    }
    if user:
        shown |= {
            "name": str(claims.get("name", principal.name)),
            "puid": principal.object_id.replace("-", "")[:16].upper(),
            f"{microsoft}/identity/claims/scope": "user_impersonation",
            f"{soap}/name": principal.name,
            f"{soap}/upn": principal.name,
        }
    if principal.run:
        shown["run"] = principal.run
    return shown


def _stamp(moment: datetime) -> str:
    """Up to seven digits of a second, trailing zeros cut, as the log writes times."""
    whole, _, fraction = moment.strftime("%Y-%m-%dT%H:%M:%S.%f").partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


def _ticks(moment: datetime) -> int:
    return int((moment - datetime(1, 1, 1, tzinfo=UTC)).total_seconds() * 10_000_000)
