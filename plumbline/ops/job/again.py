"""The body of a job's rerun: what Azure answers of the job, which azure-ai-ml once sent, without what one run made of it.

It needs no azure-ai-ml, whose import takes longer than a rerun that reuses every step. Pure.
Source: azure-ai-ml 1.35.2 PipelineJob._to_rest_object; recorded answers of jobs, 2023-08-01-preview and 2024-01-01-preview.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets import own_properties

_KEPT = (
    "displayName",
    "experimentName",
    "description",
    "computeId",
    "componentId",
    "identity",
    "inputs",
    "jobs",
)


def again(properties: Mapping[str, Any], *, tags: Mapping[str, str]) -> dict[str, Any]:
    """The properties of a new pipeline job over the same component versions, data and parameters.

    Where the old run's outputs went is not where the new one's go.

    Args:
        properties: Those of the ended job, whole.
        tags: The new job's.
    """
    settings = {
        name: value for name, value in (properties.get("settings") or {}).items() if name != "force_rerun"
    }
    body = {
        "jobType": "Pipeline",
        **{name: properties[name] for name in _KEPT if properties.get(name) not in (None, {}, "")},
        "isArchived": False,
        "outputs": {name: _output(value) for name, value in (properties.get("outputs") or {}).items()},
        "properties": own_properties(properties.get("properties")),
        "settings": settings,
        "tags": dict(tags),
    }
    found: dict[str, Any] = _without_nulls(body)
    return found


def _output(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: part for name, part in value.items() if name != "uri"}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value
