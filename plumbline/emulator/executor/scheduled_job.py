"""The job that a schedule makes: its definition with the schedule's time filled in, and what its run says of it."""

from __future__ import annotations

import copy
import uuid
from datetime import datetime
from typing import Any

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.submission import JobOrigin
from plumbline.emulator.store import Resource


def scheduled_job(schedule: Resource, name: str, scheduled: datetime) -> tuple[dict[str, Any], JobOrigin]:
    """Return the body of a schedule's job, and its origin.

    Args:
        name: of the job.
        scheduled: the time that it is run for.
    Source: recorded test_schedule_lifetime, 2024-02-20 (display name, properties); learn, "Schedule machine learning
        pipeline jobs", "Expressions supported in schedule" (`${{creation_context.trigger_time}}`).
    """
    definition = copy.deepcopy((schedule.body["properties"].get("action") or {}).get("jobDefinition") or {})
    stamp = scheduled.strftime("%Y%m%dT%H%M%SZ")
    values: dict[tuple[str, ...], str] = {("creation_context", "trigger_time"): scheduled.isoformat()}
    for given in (definition.get("inputs") or {}).values():
        if isinstance(given, dict) and isinstance(given.get("value"), str):
            given["value"] = binding.fill(given["value"], values.get)
    definition["displayName"] = f"{schedule.name}-{stamp}"
    # The version and the run are ids of the service's own, which nothing else names.
    version = uuid.uuid5(
        uuid.NAMESPACE_URL, f"{schedule.id.lower()} {schedule.system_data.get('lastModifiedAt')}"
    )
    return definition, JobOrigin(
        schedule=schedule.name,
        properties={
            "runSource": "Schedule",
            "azureml.runLineageType": "genericTrigger",
            "azureml.genericTriggerName": schedule.name,
            "azureml.genericTriggerVersionId": str(version),
            "azureml.sourcepipelinerunid": name,
        },
    )
