"""Protects: a build of an environment ends when its job is canceled and when its emulator is killed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from tests.contract.job_platform import JobPlatform, job_platform, produced
from tests.contract.slow_package import SlowPackage

FOLDER = {"type": "uri_folder"}


@contextmanager
def _platform(folder: Path, mark: str) -> Iterator[tuple[JobPlatform, SlowPackage]]:
    """Jobs with a cache of environments of their own, in which `slow:1` needs the package."""
    package = SlowPackage(folder=folder, mark=mark).write()
    cache = {"PLUMBLINE_ENVIRONMENT_CACHE": str(folder / "cache")}
    with patch.dict(os.environ, cache), job_platform() as jobs:
        jobs.put("environments/slow/versions/1", {"image": "python:3.11", "condaFile": package.conda})
        try:
            yield jobs, package
        finally:
            for left in package.building():
                left.kill()


def _slow(jobs: JobPlatform) -> str:
    return f"{jobs.azure_ml.workspace_id}/environments/slow/versions/1"


def _cancel(jobs: JobPlatform, name: str) -> float:
    jobs.emulator.request(
        "POST", f"{jobs.azure_ml.workspace_id}/jobs/{name}/cancel", api_version="2023-04-01-preview"
    )
    return time.monotonic()


def test_cancel_ends_a_build_within_five_seconds(tmp_path: Path) -> None:
    with _platform(tmp_path, "7373") as (jobs, package):
        name = jobs.submit(jobs.command("true", environmentId=_slow(jobs)))
        package.until_building()
        began = _cancel(jobs, name)
        assert jobs.wait(name, seconds=5)["status"] == "Canceled"
        package.until_gone(seconds=began + 5 - time.monotonic())


def test_cancel_ends_a_build_made_ahead_and_the_step_that_waits_for_it(tmp_path: Path) -> None:
    with _platform(tmp_path, "7374") as (jobs, package):
        nodes = {
            "first": jobs.step("echo done > ${{outputs.o}}/x", outputs={"o": FOLDER}),
            "second": jobs.step(
                "ls ${{inputs.i}}",
                inputs={"i": FOLDER},
                bind={"i": produced("first", "o")},
                environment="slow:1",
            ),
        }
        name = jobs.submit(jobs.pipeline(nodes))
        package.until_building()
        deadline = time.monotonic() + 180
        while jobs.steps(name).get("second", {}).get("status") != "Preparing":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        began = _cancel(jobs, name)
        assert jobs.wait(name, seconds=5)["status"] == "Canceled"
        assert jobs.steps(name)["second"]["status"] == "Canceled"
        package.until_gone(seconds=began + 5 - time.monotonic())


def test_kill_9_of_the_emulator_ends_the_build_and_a_rerun_builds(tmp_path: Path) -> None:
    with _platform(tmp_path, "7375") as (jobs, package):
        body = jobs.command("python -c 'import slow_package'", environmentId=_slow(jobs))
        name = jobs.submit(body)
        package.until_building()
        jobs.emulator.kill()
        package.until_gone(seconds=60)
        jobs.emulator.start()
        assert jobs.azure_ml.get(f"jobs/{name}")["properties"]["status"] == "Failed"
        assert "The emulator was stopped while this ran" in jobs.error(name)
        package.go_on()
        again, properties = jobs.run(body)
        assert properties["status"] == "Completed", jobs.error(again)
        assert jobs.record(again)["environment"]["reused"] is False
        assert not list((tmp_path / "cache").glob("*.building*"))
