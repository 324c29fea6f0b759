"""Schedules of pipeline and command jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.kind import Values, is_true, tags, text
from plumbline.assets.yaml_kind import YamlKind


def _values(properties: Mapping[str, Any]) -> Values:
    enabled = properties.get("isEnabled")
    return {
        "displayName": (text(properties.get("displayName")),),
        "description": (text(properties.get("description")),),
        "tags": (tags(properties.get("tags")),),
        # Left out means true: azure-ai-ml does not send it on create.
        "enabled": (enabled is None or is_true(enabled),),
    }


SCHEDULE = YamlKind(
    package=__name__,
    name="schedule",
    noun="PipelineSchedule",
    spoken="a schedule",
    collection="schedules",
    folders=("schedules",),
    stems=("schedule",),
    keys=frozenset({"trigger", "create_job"}),
    schemas=("schedule",),
    marks=("trigger",),
    lifecycle="in_place",
    api_version="2023-06-01-preview",
    api_version_source="recorded, schedule tests 2023-10-27 to 2024-02-21",
    system_data="recorded 2024-02-20: an update moves lastModifiedAt alone",
    # Not exported at the top in 1.35.2.
    loader="azure.ai.ml.entities._load_functions:load_schedule",
    values=_values,
    # Of a command job: a pipeline job names registered components alone.
    code_paths=(("action", "jobDefinition", "codeId"),),
    source="azure-ai-ml 1.35.2 ScheduleOperations; Schedules - Create Or Update",
    description=(
        "A schedule that submits a pipeline job over exact component versions, or a command job. It changes in place, and "
        "is disabled before it is deleted."
    ),
)
