"""Run history: the steps of a job, their logs and outputs, as Azure ML's data plane answers them.

Source: azure-ai-ml 1.35.2 `_restclient.runhistory` and `_dataset_dataplane_operations`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.azure.moment import moment
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.job_body import (
    schedule_of,
    step_body,
    why_made_by_endpoint,
    why_undefined,
    with_definition,
)

ENDED = frozenset({"Completed", "Failed", "Canceled", "NotResponding"})
_PIPELINE_RUN, _STEP_RUN = "azureml.PipelineRun", "azureml.StepRun"
_ANONYMOUS = "azureml_anonymous"
# What Azure lists among a run's outputs beside those of its definition: where its logs and artifacts lie.
_ARTIFACTS = re.compile(r"/datastores/workspaceartifactstore/paths/ExperimentRun/dcid\.", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class StepRun:
    """One step of a job that was submitted.

    Attributes:
        name: The run's own name.
        step: Its place in the graph; of a nested pipeline's step `outer/inner`.
        reused_from: Name of the run whose results were taken, None when the step ran.
        reused_job: Job of that run, when Azure says so.
        component: `NAME:VERSION` of the component that it ran, when Azure says so.
    """

    name: str
    step: str
    status: str
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reused_from: str | None = None
    reused_job: str | None = None
    is_group: bool = False
    component: str | None = None

    @property
    def ended(self) -> bool:
        """Whether its status is final."""
        return self.status in ENDED

    @property
    def seconds(self) -> float | None:
        """From its start to its end, None while one of them is unknown."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


class RunHistory:
    """Reads of one workspace's runs."""

    def __init__(self, session: AzureSession) -> None:
        self._session = session
        self._workspace_id = session.target.workspace_id

    def job(self, name: str) -> dict[str, Any]:
        """The job as ARM answers it; what ARM leaves out of a step or a scheduled job is read elsewhere.

        Raises: UserError: there is none.
        """
        body = self._session.get(f"{self._workspace_id}/jobs/{name}", api_version=api_version("jobs"))
        if body is None:
            self._session.require_workspace()
            raise UserError(
                f"job {name}: got nothing in workspace {self._session.target.workspace_name}, expected a job. "
                "See their names: plumbline job list"
            )
        found: dict[str, Any] = body
        if not isinstance(found.get("properties"), Mapping):
            row = self.row(name)
            if row is None:
                raise UserError(
                    f"job {name}: got a job without properties and no run of it, expected one. Try again in a minute."
                )
            return step_body(found, row)
        schedule = self._schedule(found)
        if schedule is not None and why_undefined(found, schedule) is None:
            return with_definition(found, schedule)
        return found

    def undefined(self, job: Mapping[str, Any]) -> str | None:
        """Why nobody can say what the job of a schedule or batch endpoint was made of; None where its definition is shown.

        Args:
            job: As `job` answers it.
        """
        if schedule_of(job):
            return why_undefined(job, self._schedule(job))
        return why_made_by_endpoint(job)

    def _schedule(self, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The schedule that a job without a graph was made by, as it is now."""
        name = schedule_of(body)
        if name is None:
            return None
        found: Mapping[str, Any] | None = self._session.get(
            f"{self._workspace_id}/schedules/{name}", api_version=api_version("schedules")
        )
        return found

    def children(self, name: str) -> list[dict[str, Any]]:
        """The runs right below one, in run history's own form; those that MLflow's clients made there, too."""
        return list(self._session.pages(f"{self._history}/runs/{name}/children"))

    def step_rows(self, name: str) -> list[dict[str, Any]]:
        """The steps right below a run: anybody may lay other runs there, under any name (`mlflow.parentRunId`)."""
        return [
            row
            for row in self.children(name)
            if row.get("runType") in {_PIPELINE_RUN, _STEP_RUN} or _is_inner_graph(row)
        ]

    def steps(self, job: Mapping[str, Any]) -> list[StepRun]:
        """Every step of a job, those of nested pipelines too, groups before their steps.

        Args:
            job: The job as `job` answers it; its graph says what the steps are called.
        """
        nodes = (job.get("properties") or {}).get("jobs") or {}
        return list(self._steps(str(job["name"]), "", nodes))

    def run(self, name: str) -> StepRun | None:
        """One run by its name, None when there is none (any more)."""
        row = self.row(name)
        return step_run(row, step_name(row, {})) if row else None

    def row(self, name: str) -> dict[str, Any] | None:
        """One run in run history's own form, None when there is none."""
        found: dict[str, Any] | None = self._session.get(f"{self._history}/runs/{name}")
        return found

    def details(self, name: str) -> dict[str, Any]:
        """Status, error and addresses of the logs of a run."""
        found: dict[str, Any] = self._session.get(f"{self._history}/runs/{name}/details") or {}
        return found

    def logs(self, name: str) -> dict[str, str]:
        """Path of each log of a run -> its text, in the order of the paths."""
        files = self.details(name).get("logFiles") or {}
        return {path: self.log(url) for path, url in sorted(files.items())}

    def log(self, url: str) -> str:
        """The text behind an address that `details` gave."""
        return self._session.fetch(url).decode("utf-8", errors="replace")

    def outputs(self, name: str) -> dict[str, str]:
        """Output of a run -> `azureml://.../datastores/D/paths/...`: a job's own body has no address of them.

        A folder may be called as the output of the pipeline that the step's output is bound to.
        """
        answer = self._session.send(
            "POST", f"{self._history}/rundata", body={"runId": name, "selectRunMetadata": True}
        ).json()
        rows = (answer.get("runMetadata") or {}).get("outputs") or {}
        ids = {output: row["assetId"] for output, row in rows.items() if (row or {}).get("assetId")}
        if not ids:
            return {}
        resolved = self._session.send(
            "POST",
            f"{self._api}/data/v1.0{self._workspace_id}/dataversion/batchGetResolvedUris",
            api_version=api_version("resolved_uris"),
            body={"values": list(ids.values())},
        ).json()
        uris = resolved.get("values") or {}
        found = {output: str(uris[asset]["uri"]) for output, asset in ids.items() if asset in uris}
        return {output: uri for output, uri in found.items() if not _ARTIFACTS.search(uri)}

    def _steps(self, name: str, place: str, nodes: Mapping[str, Any]) -> Iterator[StepRun]:
        for row in self.step_rows(name):
            if _is_inner_graph(row):  # a level of its own between a nested pipeline and its steps
                yield from self._steps(str(row["runId"]), place, nodes)
                continue
            step = step_run(row, place + step_name(row, nodes))
            yield step
            if step.is_group:
                yield from self._steps(step.name, f"{step.step}/", {})

    @property
    def _history(self) -> str:
        return f"{self._api}/history/v1.0{self._workspace_id}"

    @cached_property
    def _api(self) -> str:
        """The data plane's address: the workspace names a page that says it."""
        self._session.require_workspace()
        workspace = self._session.get(self._workspace_id, api_version=api_version("workspaces"))
        services = self._session.get(workspace["properties"]["discoveryUrl"]) or {}
        return str(services["api"]).rstrip("/")


def step_name(row: Mapping[str, Any], nodes: Mapping[str, Any]) -> str:
    """What the job's graph calls a run.

    `displayName` is the step's name in the graph, or its display name there; `name` is the component's own.

    Args:
        nodes: The graph's steps. None of them are known of a nested pipeline: Azure answers no steps of its component.
    """
    shown = str(row.get("displayName") or row.get("name") or row["runId"])
    called = [name for name, node in nodes.items() if shown == ((node or {}).get("display_name") or name)]
    if len(called) == 1:
        return called[0]
    ran = [name for name, node in nodes.items() if _runs(node or {}, row)]
    both = [name for name in called if name in ran]
    if len(both) == 1:
        return both[0]
    if shown in nodes:
        return shown
    return ran[0] if len(ran) == 1 and not called else shown


def _runs(node: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a run ran the component that a step names."""
    name, version = _component(row)
    wanted = str(node.get("componentId") or "").lower()
    return bool(name and version) and wanted.endswith(f"/{name}/versions/{version}".lower())


def _component(row: Mapping[str, Any]) -> tuple[str, str]:
    """Name and version of the component that a run ran, empty when Azure does not say."""
    properties = row.get("properties") or {}
    # Rests on step-run-names-its-component.
    name = str(properties.get("azureml.moduleName") or "")
    version = str(properties.get("azureml.moduleVersion") or "")
    module = str(properties.get("azureml.moduleid") or "")
    # The version of an anonymous component is in its YAML always 1; the one that a job names is a GUID.
    return (name, module) if name == _ANONYMOUS and module and "/" not in module else (name, version)


def _is_inner_graph(row: Mapping[str, Any]) -> bool:
    """Whether a run stands for the graph inside a nested pipeline.

    Source: seen only in code of Microsoft's that compares runs (`runSource` of a run's properties); in no recording.
    """
    # Rests on run-history-nested-level.
    return (row.get("properties") or {}).get("runSource") == "SubGraphCloud"


def step_run(row: Mapping[str, Any], step: str) -> StepRun:
    """A run in run history's own form, as the step that it is."""
    properties = row.get("properties") or {}
    # Rests on job-reuse-properties.
    reused = str(properties.get("azureml.isreused", "")).lower() == "true"
    name = str(row["runId"])
    component = _component(row)
    return StepRun(
        name=name,
        step=step,
        status=str(row.get("status") or "NotStarted"),
        created_at=moment(row.get("createdUtc")),
        started_at=moment(row.get("startTimeUtc")),
        ended_at=moment(row.get("endTimeUtc")),
        reused_from=str(properties.get("azureml.reusedrunid") or "unknown") if reused else None,
        reused_job=properties.get("azureml.reusedpipelinerunid") if reused else None,
        is_group=row.get("runType") == _PIPELINE_RUN or properties.get("StepType") == "SubGraphCloudStep",
        component=":".join(component) if all(component) else None,
    )
