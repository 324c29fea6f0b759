"""Models as they are registered, under the field names of `az ml model`.

Source: azure-ai-ml 1.35.2 `Model._to_dict`, compared field by field in the tests; Model Versions - List, 2024-04-01.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.job.shown_job import creation_context

TAGS = "plumbline."
JOB_TAG, DIGEST_TAG, MODEL_DIGEST_TAG = "plumbline.job", "plumbline.digest", "plumbline.model_digest"
_JOB_OUTPUT = re.compile(r"^azureml://jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)(?:/.*)?$", re.IGNORECASE)


def model_versions(
    session: AzureSession, name: str, *, view: str = "ActiveOnly"
) -> Iterator[Mapping[str, Any]]:
    """Versions of a model as ARM answers them, newest first."""
    path = f"{session.target.workspace_id}/models/{name}/versions"
    yield from session.pages(path, api_version=api_version("models"), listViewType=view)


def next_version(session: AzureSession, name: str) -> str:
    """The version that Azure counts next for a model, as azure-ai-ml takes it when none is given."""
    path = f"{session.target.workspace_id}/models/{name}"
    body = session.get(path, api_version=api_version("models")) or {}
    return str((body.get("properties") or {}).get("nextVersion") or "1")


def job_output(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """(job, output) that a model version was registered from, None when it came from elsewhere."""
    found = _JOB_OUTPUT.match(str((body.get("properties") or {}).get("modelUri") or ""))
    return (found["job"], found["output"]) if found else None


def shown_model(body: Mapping[str, Any]) -> dict[str, Any]:
    """What `az ml model show` answers for a version that ARM answers."""
    properties = body.get("properties") or {}
    parts = str(body.get("id", "")).split("/")
    shown = {
        "name": parts[-3] if len(parts) > 3 else None,
        "version": str(body.get("name")),
        "id": f"azureml:{body.get('id')}",
        "type": properties.get("modelType"),
        "path": properties.get("modelUri"),
        "description": properties.get("description"),
        "stage": properties.get("stage"),
        "flavors": properties.get("flavors") or None,
        "tags": properties.get("tags") or {},
        "properties": properties.get("properties") or {},
        "job_name": properties.get("jobName"),
        "creation_context": creation_context(body.get("systemData")),
    }
    return {key: value for key, value in shown.items() if value is not None}


def shown_container(body: Mapping[str, Any]) -> dict[str, Any]:
    """What `az ml model list` answers for a container that ARM answers."""
    properties = body.get("properties") or {}
    shown = {
        "name": body.get("name"),
        "id": body.get("id"),
        "description": properties.get("description"),
        "tags": properties.get("tags") or {},
        "latest_version": properties.get("latestVersion"),
        "creation_context": creation_context(body.get("systemData")),
    }
    return {key: value for key, value in shown.items() if value is not None}
