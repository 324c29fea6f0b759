"""Who changed a resource last, and when: its systemData where Azure gives it, else the activity log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from plumbline.ops.azure_session import AzureSession

# Rests on system-data-of-azure-ml and ml-compute-no-system-data.
# Types whose GET answers systemData, and the api-version of that GET. Computes and most others answer none.
# Source: Microsoft.MachineLearningServices 2024-04-01 operations of each type.
SYSTEM_DATA = {
    "plumbline:azureml:PipelineSchedule": "2024-04-01",
    "plumbline:azureml:Component": "2024-04-01",
    "plumbline:azureml:Environment": "2024-04-01",
    "plumbline:azureml:DataAsset": "2024-04-01",
    "plumbline:azureml:Model": "2024-04-01",
    "azure-native:machinelearningservices:Datastore": "2024-04-01",
    "azure-native:machinelearningservices:Workspace": "2024-04-01",
}
ACTIVITY_LOG = "/providers/Microsoft.Insights/eventtypes/management/values"
ACTIVITY_LOG_VERSION = "2015-04-01"
# Azure keeps the activity log for ninety days and refuses to be asked for more.
ACTIVITY_DAYS = 89


@dataclass(frozen=True, kw_only=True)
class LastChange:
    """Who and when, or why that is not known."""

    who: str | None
    when: str | None
    source: str
    unknown_because: str | None = None


def last_change(
    session: AzureSession, *, resource_type: str, resource_id: str, version: str | None, deleted: bool
) -> LastChange:
    """Look up the last change of a resource.

    Args:
        resource_id: ARM id; of an asset its container's.
        version: The asset's version, None for what has none.
    Source: Azure Monitor REST "Activity Logs - List" 2015-04-01; ARM `systemData`.
    """
    api_version = SYSTEM_DATA.get(resource_type)
    if api_version is not None and not deleted:
        stamped = _stamp(session, resource_id, version, api_version)
        if stamped.get("lastModifiedBy"):
            return LastChange(
                who=stamped["lastModifiedBy"],
                when=_second(stamped.get("lastModifiedAt")),
                source="systemData",
            )
    return _from_activity_log(session, resource_id)


def _stamp(
    session: AzureSession, resource_id: str, version: str | None, api_version: str
) -> Mapping[str, Any]:
    """The systemData of what was changed: an edit of a version stamps the version, never its container."""
    container = session.get(resource_id, api_version=api_version) or {}
    archived = str((container.get("properties") or {}).get("isArchived")).lower() == "true"
    if version is None or archived:
        return container.get("systemData") or {}
    document = session.get(f"{resource_id}/versions/{version}", api_version=api_version) or {}
    return document.get("systemData") or {}


def _from_activity_log(session: AzureSession, resource_id: str) -> LastChange:
    since = datetime.now(UTC) - timedelta(days=ACTIVITY_DAYS)
    events = session.pages(
        f"/subscriptions/{session.target.subscription_id}{ACTIVITY_LOG}",
        api_version=ACTIVITY_LOG_VERSION,
        **{"$filter": f"eventTimestamp ge '{since:%Y-%m-%dT%H:%M:%SZ}' and resourceUri eq '{resource_id}'"},
    )
    changes = [event for event in events if _is_change(event)]
    if not changes:
        return LastChange(
            who=None,
            when=None,
            source="activity log",
            unknown_because=f"the activity log holds no write to it in the last {ACTIVITY_DAYS} days",
        )
    latest = max(changes, key=lambda event: str(event.get("eventTimestamp")))
    return LastChange(
        # Rests on activity-log-caller.
        who=latest.get("caller"),
        when=_second(latest.get("eventTimestamp")),
        source="activity log",
    )


def _is_change(event: dict[str, Any]) -> bool:
    operation = (event.get("operationName") or {}).get("value", "").lower()
    status = (event.get("status") or {}).get("value", "")
    return operation.endswith(("/write", "/delete", "/action")) and status in {"Succeeded", "Accepted"}


def _second(when: str | None) -> str | None:
    return None if when is None else when[:19] + "Z"
