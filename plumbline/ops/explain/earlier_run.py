"""The run of a step before another one: what reuse could have taken, and did not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.azure.moment import moment
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.run_history import RunHistory, StepRun

_MOST = 20


@dataclass(frozen=True, kw_only=True)
class EarlierRun:
    """A job, and one step of it that completed."""

    job: Mapping[str, Any]
    step: StepRun


def earlier_jobs(
    session: AzureSession, history: RunHistory, job: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Pipeline jobs of the same experiment that were submitted before one, the newest first; the last twenty."""
    began = _created(job)
    pages = session.pages(
        f"{session.target.workspace_id}/jobs", api_version=api_version("jobs"), listViewType="All"
    )
    found = (
        body
        for body in pages
        if body["name"] != job["name"]
        and body["properties"].get("jobType") == "Pipeline"
        and body["properties"].get("experimentName") == job["properties"].get("experimentName")
        and _created(body) < began
    )
    ordered = sorted(found, key=_created, reverse=True)
    return (history.job(str(body["name"])) for body in islice(ordered, _MOST))


def earlier_run(history: RunHistory, jobs: list[dict[str, Any]], step: str) -> EarlierRun | None:
    """The newest earlier run of a step that completed, or was reused itself."""
    for job in jobs:
        for run in history.steps(job):
            if run.step == step and run.status == "Completed":
                return EarlierRun(job=job, step=run)
    return None


def _created(job: Mapping[str, Any]) -> Any:
    found = moment((job.get("systemData") or {}).get("createdAt"))
    assert found is not None, "every job says when it was made"
    return found
