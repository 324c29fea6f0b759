"""Run history: the steps of a job, their logs and outputs, as Azure ML's data plane answers them.

Source: azure-ai-ml 1.35.2 `_restclient.runhistory` and `_dataset_dataplane_operations`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from plumbline.ops.azure_session import JOBS, AzureSession
from plumbline.ops.errors import UserError

ENDED = frozenset({"Completed", "Failed", "Canceled", "NotResponding"})
_PIPELINE_RUN, _STEP_RUN = "azureml.PipelineRun", "azureml.StepRun"
_COMPONENT_PROPERTIES = ("azureml.moduleName", "azureml.moduleVersion")
_RESOLVED_URIS_VERSION = "1.5.0"


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
        """The job as ARM answers it. Raises: UserError: there is none."""
        body = self._session.get(f"{self._workspace_id}/jobs/{name}", api_version=JOBS)
        if body is None:
            raise UserError(
                f"job {name}: got nothing in workspace {self._session.target.workspace_name}, expected a job. "
                "See their names: plumbline job list"
            )
        found: dict[str, Any] = body
        return found

    def children(self, name: str) -> list[dict[str, Any]]:
        """The runs right below one, in run history's own form; those that MLflow's clients made there, too."""
        return list(self._session.pages(f"{self._history}/runs/{name}/children", api_version=""))

    def step_rows(self, name: str) -> list[dict[str, Any]]:
        """The steps right below a run: anybody may lay other runs there, under any name (`mlflow.parentRunId`)."""
        return [row for row in self.children(name) if row.get("runType") in {_PIPELINE_RUN, _STEP_RUN}]

    def steps(self, job: Mapping[str, Any]) -> list[StepRun]:
        """Every step of a job, those of nested pipelines too, groups before their steps.

        Args:
            job: The job as `job` answers it; its graph says what the steps are called.
        """
        nodes = (job.get("properties") or {}).get("jobs") or {}
        return list(self._steps(str(job["name"]), "", nodes))

    def run(self, name: str) -> StepRun | None:
        """One run by its name, None when there is none (any more)."""
        row = self._session.get(f"{self._history}/runs/{name}")
        return step_run(row, step_name(row, {})) if row else None

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
        """Output of a run -> `azureml://.../datastores/D/paths/...`."""
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
            api_version=_RESOLVED_URIS_VERSION,
            body={"values": list(ids.values())},
        ).json()
        uris = resolved.get("values") or {}
        return {output: uris[asset]["uri"] for output, asset in ids.items() if asset in uris}

    def _steps(self, name: str, place: str, nodes: Mapping[str, Any]) -> Iterator[StepRun]:
        for row in self.step_rows(name):
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
        workspace = self._session.get(self._workspace_id, api_version=JOBS)
        if workspace is None:
            raise UserError(
                f"workspace {self._session.target.workspace_name}: got nothing, expected it in resource group "
                f"{self._session.target.resource_group_name}. Check --stack, or run: pulumi up"
            )
        services = self._session.get(workspace["properties"]["discoveryUrl"]) or {}
        return str(services["api"]).rstrip("/")


def step_name(row: Mapping[str, Any], nodes: Mapping[str, Any]) -> str:
    """What the job's graph calls a run: run history has display names only, and those may be anything."""
    shown = str(row.get("name") or row.get("displayName") or row["runId"])
    if shown in nodes:
        return shown
    titled = [name for name, node in nodes.items() if shown == (node or {}).get("display_name")]
    if len(titled) == 1:
        return titled[0]
    properties = row.get("properties") or {}
    tail = (
        f"/{properties.get('azureml.moduleName')}/versions/{properties.get('azureml.moduleVersion')}".lower()
    )
    same = [
        name
        for name, node in nodes.items()
        if str((node or {}).get("componentId", "")).lower().endswith(tail)
    ]
    return same[0] if len(same) == 1 else shown


def step_run(row: Mapping[str, Any], step: str) -> StepRun:
    """A run in run history's own form, as the step that it is."""
    properties = row.get("properties") or {}
    reused = str(properties.get("azureml.isreused", "")).lower() == "true"
    name = str(row["runId"])
    return StepRun(
        name=name,
        step=step,
        status=str(row.get("status") or "NotStarted"),
        created_at=moment(row.get("createdUtc")),
        started_at=moment(row.get("startTimeUtc")),
        ended_at=moment(row.get("endTimeUtc")),
        reused_from=str(properties.get("azureml.reusedrunid") or "unknown") if reused else None,
        reused_job=properties.get("azureml.reusedpipelinerunid") if reused else None,
        is_group=row.get("runType") == _PIPELINE_RUN,
        component=":".join(parts)
        if all(parts := [str(properties.get(one) or "") for one in _COMPONENT_PROPERTIES])
        else None,
    )


def moment(text: Any) -> datetime | None:
    """A time as Azure writes it: up to seven digits of a second, which Python reads six of."""
    if not text:
        return None
    whole, _, rest = str(text).partition(".")
    fraction = "".join(char for char in rest if char.isdigit())[:6]
    return datetime.fromisoformat(f"{whole.rstrip('Z')}.{fraction or '0'}+00:00")
