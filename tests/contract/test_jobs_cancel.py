"""Protects cancels: one that comes while a job is taken up, or while a step waits for nodes, is never lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.job_platform import JOB_VERSION, JobPlatform, job_platform


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    with job_platform() as platform:
        yield platform


def cancel(jobs: JobPlatform, name: str) -> None:
    path = f"{jobs.azure_ml.workspace_id}/jobs/{name}/cancel"
    assert jobs.emulator.request("POST", path, api_version=JOB_VERSION).status_code in (200, 202)


def test_jobs_that_are_canceled_the_moment_they_are_there_all_end(jobs):
    node = jobs.step("sleep 600", is_deterministic=False)
    names = []
    for _ in range(25):
        names.append(jobs.submit(jobs.pipeline({"one": node})))
        cancel(jobs, names[-1])
    assert {jobs.wait(name)["status"] for name in names} == {"Canceled"}


def test_steps_that_wait_for_nodes_are_canceled_while_the_nodes_are_taken(jobs):
    node = jobs.step("sleep 600", is_deterministic=False)
    holding = jobs.submit(jobs.pipeline({"one": node}, compute="narrow"))
    jobs.wait(holding, until=("Running",))
    names = [jobs.submit(jobs.pipeline({"one": node}, compute="narrow")) for _ in range(10)]
    for name in names:
        cancel(jobs, name)
    assert {jobs.wait(name)["status"] for name in names} == {"Canceled"}
    assert jobs.azure_ml.get(f"jobs/{holding}")["properties"]["status"] == "Running"
    cancel(jobs, holding)
    jobs.wait(holding)
