"""Pipeline jobs that are submitted once and asked about by many checks; their steps, logs and outputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.verify_azure import versions as api
from tests.verify_azure.check import part
from tests.verify_azure.checks.asset import DEFINITIONS
from tests.verify_azure.cloud import fetch
from tests.verify_azure.finding import NotChecked
from tests.verify_azure.subject import Subject

ENDED = ("Completed", "Failed", "Canceled")
# A first node, an image to pull, and four steps on two nodes.
RUN_SECONDS = 3600


@dataclass(frozen=True)
class Run:
    """A job that has ended."""

    azure: Subject
    name: str

    @cached_property
    def job(self) -> dict[str, Any]:
        """As GET of the job answers it."""
        found: dict[str, Any] = self.azure.ml(f"jobs/{self.name}", api=api.JOB)
        return found

    @cached_property
    def steps(self) -> dict[str, dict[str, Any]]:
        """Step's name in the graph -> its row of run history."""
        rows = self.azure.get(self.azure.data_plane("history", f"runs/{self.name}/children"), api=None)[
            "value"
        ]
        return {row["displayName"]: row for row in rows}

    def details(self, run: str) -> dict[str, Any]:
        """Status, error, logs of a run."""
        found: dict[str, Any] = self.azure.get(
            self.azure.data_plane("history", f"runs/{run}/details"), api=None
        )
        return found

    def log(self, step: str) -> str:
        """What a step printed."""
        files = self.details(self.steps[step]["runId"])["logFiles"]
        name = next((name for name in sorted(files) if name.startswith("user_logs/std_log")), None)
        if name is None:
            raise NotChecked(
                f"the step {step} has no user_logs/std_log*.txt, only {', '.join(sorted(files))}"
            )
        return str(fetch(files[name]).text())


def submit(azure: Subject, file: str) -> str:
    """Submit a definition through azure-ai-ml; the job's name."""
    from azure.ai.ml import load_job

    azure.part("cluster")
    azure.part("assets")
    job = load_job(DEFINITIONS / file)
    return str(azure.client().jobs.create_or_update(job, skip_validation=True).name)


def await_end(azure: Subject, name: str) -> Run:
    """The job once it has ended. Raises: NotChecked: it did not within an hour."""

    def status() -> str | None:
        found = azure.ml(f"jobs/{name}", api=api.JOB)["properties"]["status"]
        return found if found in ENDED else None

    if azure.cloud.until(status, seconds=RUN_SECONDS) is None:
        raise NotChecked(f"job {name} did not end within an hour")
    return Run(azure, name)


@part("run", "cluster", "assets", "services")
def first_run(azure: Subject) -> Run:
    """run.yml, completed."""
    run = await_end(azure, submit(azure, "run.yml"))
    if run.job["properties"]["status"] != "Completed":
        errors = [
            f"{name}: {run.details(row['runId']).get('error')}"
            for name, row in run.steps.items()
            if row["status"] == "Failed"
        ]
        raise NotChecked(f"job {run.name} ended {run.job['properties']['status']}: {'; '.join(errors)[:400]}")
    return run


@part("second run", "run")
def run_again(azure: Subject) -> Run:
    """run.yml once more."""
    azure.part("run")
    return await_end(azure, submit(azure, "run.yml"))


@part("failing job", "cluster", "assets", "services")
def failing_job(azure: Subject) -> dict[str, Any]:
    """failing.yml, submitted: its name, and the steps that have a row first."""
    name = submit(azure, "failing.yml")
    address = azure.data_plane("history", f"runs/{name}/children")
    rows = azure.cloud.until(lambda: azure.get(address, api=None)["value"], seconds=RUN_SECONDS) or []
    return {"name": name, "early": sorted(row["displayName"] for row in rows)}


@part("failing run", "failing job")
def failing_run(azure: Subject) -> Run:
    """failing.yml, ended."""
    return await_end(azure, azure.part("failing job")["name"])


@part("timed out run", "cluster", "assets", "services")
def timed_out_run(azure: Subject) -> Run:
    """timed_out.yml, ended."""
    return await_end(azure, submit(azure, "timed_out.yml"))


@part("canceled run", "cluster", "assets", "services")
def canceled_run(azure: Subject) -> dict[str, Any]:
    """canceled.yml, canceled while it runs: the answers of the cancel, of its Location, of a second cancel."""
    name = submit(azure, "canceled.yml")
    azure.cloud.until(
        lambda: azure.ml(f"jobs/{name}", api=api.JOB)["properties"]["status"] == "Running",
        seconds=RUN_SECONDS,
    )
    path = f"{azure.part('workspace')}/jobs/{name}/cancel"
    first = azure.send("POST", path, api=api.JOB)
    location = first.headers.get("Location", "")
    polled = azure.send("GET", location, api=None).status_code if location else None
    run = await_end(azure, name)
    second = azure.send("POST", path, api=api.JOB)
    return {"run": run, "first": first, "polled": polled, "second": second}


@part("asset run", "cluster", "assets", "services")
def asset_run(azure: Subject) -> Run:
    """asset_output.yml, ended."""
    return await_end(azure, submit(azure, "asset_output.yml"))
