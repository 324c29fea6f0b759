"""Protects: environments are built once by content, privately lent, told in a log and a lock; a failure names the package."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from plumbline.emulator.executor.conda import read_environment
from plumbline.emulator.executor.environments import (
    BuildCanceled,
    BuildFailed,
    BuiltEnvironment,
    EnvironmentBuilder,
)
from plumbline.emulator.executor.process import Nursery
from plumbline.emulator.executor.uv_command import build_environment
from tests.contract.job_platform import JobPlatform, job_platform
from tests.contract.slow_package import SlowPackage


@pytest.fixture(scope="module")
def jobs() -> Iterator[JobPlatform]:
    # A step of one test installs a package from its index.
    with patch.dict(os.environ, {"PLUMBLINE_STEP_NETWORK": "machine"}), job_platform() as platform:
        yield platform


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    found = Nursery()
    yield found
    found.stop()


def _environment(jobs: JobPlatform, name: str, conda: str) -> str:
    jobs.put(
        f"environments/{name}/versions/1",
        {"image": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04", "condaFile": conda},
    )
    return f"{jobs.azure_ml.workspace_id}/environments/{name}/versions/1"


def test_a_package_that_does_not_exist_fails_the_build_by_name(jobs: JobPlatform) -> None:
    environment = _environment(
        jobs, "broken", "dependencies:\n- python=3.11\n- pip:\n  - idna\n  - nosuch-plumbline-package==9\n"
    )
    name, properties = jobs.run(jobs.command("true", environmentId=environment))
    assert properties["status"] == "Failed"
    assert "environment broken:1: package 'nosuch-plumbline-package' cannot be installed" in jobs.error(name)
    assert "nosuch-plumbline-package" in jobs.file(name, "system_logs/environment/build.log")


def test_a_package_that_was_taken_out_is_named_by_the_run(jobs: JobPlatform) -> None:
    name, _ = jobs.run(jobs.command("python -c 'import idna'"))
    assert "The package 'idna' is not in environment bare:1" in jobs.error(name)


def test_what_a_job_installs_stays_in_that_job(jobs: JobPlatform) -> None:
    environment = _environment(jobs, "small", "dependencies:\n- python=3.11\n- pip:\n  - idna==3.10\n")
    first, properties = jobs.run(
        jobs.command(
            "python -c 'import idna; print(idna.__version__)' && pip install --quiet --no-deps idna==3.7 && "
            "python -c 'import idna; print(idna.__version__)'",
            environmentId=environment,
        )
    )
    assert properties["status"] == "Completed", jobs.error(first)
    assert jobs.log(first).split()[:1] + jobs.log(first).split()[-1:] == ["3.10", "3.7"]
    second, _ = jobs.run(
        jobs.command("python -c 'import idna; print(idna.__version__)'", environmentId=environment)
    )
    assert jobs.log(second).split() == ["3.10"]
    assert "idna==3.10" in jobs.file(second, "system_logs/environment/requirements.lock")
    assert "built in" in jobs.file(second, "system_logs/environment/build.log")
    assert jobs.record(second)["environment"]["reused"] is True


def test_a_python_that_is_not_installed_is_replaced_with_a_warning(jobs: JobPlatform) -> None:
    environment = _environment(jobs, "future", "dependencies:\n- python=3.99\n")
    name, properties = jobs.run(jobs.command("true", environmentId=environment))
    assert properties["status"] == "Completed"
    assert "python 3.99: not installed on this machine" in jobs.details(name)["warnings"][0]["message"]


def test_a_cut_off_build_is_no_environment_and_two_builders_make_one(
    nursery: Nursery, tmp_path: Path
) -> None:
    spec = read_environment(image="python:3.11", conda_file=None)
    first, second = EnvironmentBuilder(nursery, tmp_path), EnvironmentBuilder(nursery, tmp_path)
    found: list[BuiltEnvironment] = []
    threads = [
        threading.Thread(target=lambda one=one: found.append(one.build(spec, label="x:1")))
        for one in (first, second)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.reused for one in found) == [False, True]
    folder = found[0].folder
    # What kill -9 leaves in a build: a draft and no environment.
    draft = folder.with_name(f"{folder.name}.building-cutoff")
    draft.mkdir()
    folder.rename(draft / "environment")
    (draft / "environment" / "requirements.lock").unlink()
    again = EnvironmentBuilder(nursery, tmp_path).build(spec, label="x:1")
    assert not again.reused
    assert "pip==" in again.lock
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name, f"{folder.name}.lock"]


def test_a_failed_build_leaves_nothing(nursery: Nursery, tmp_path: Path) -> None:
    spec = read_environment(image=None, conda_file="dependencies:\n- pip:\n  - nosuch-plumbline-package\n")
    with pytest.raises(BuildFailed, match="nosuch-plumbline-package") as failure:
        EnvironmentBuilder(nursery, tmp_path).build(spec, label="x:1")
    assert "uv pip compile" in failure.value.log
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_a_canceled_build_ends_with_all_that_it_started_and_leaves_nothing(
    nursery: Nursery, tmp_path: Path
) -> None:
    package = SlowPackage(folder=tmp_path, mark="7371").write()
    cache = tmp_path / "cache"
    with _building(EnvironmentBuilder(nursery, cache), package) as (canceled, ends):
        canceled.set()
        package.until_gone(seconds=60)
    assert isinstance(ends[0], BuildCanceled)
    assert [path.suffix for path in cache.iterdir()] == [".lock"]


@pytest.mark.parametrize("other_emulator", [False, True])
def test_who_waits_for_anothers_build_is_canceled_alone(
    nursery: Nursery, tmp_path: Path, other_emulator: bool
) -> None:
    package = SlowPackage(folder=tmp_path, mark="7372").write()
    spec = read_environment(image=None, conda_file=package.conda)
    builder = EnvironmentBuilder(nursery, tmp_path / "cache")
    with _building(builder, package) as (canceled, ends):
        second = EnvironmentBuilder(nursery, tmp_path / "cache") if other_emulator else builder
        began = time.monotonic()
        with pytest.raises(BuildCanceled):
            second.build(spec, label="x:1", canceled=lambda: time.monotonic() > began + 0.5)
        assert len(package.building()) == 3, "the build itself goes on"
        assert not ends
        canceled.set()


@contextmanager
def _building(
    builder: EnvironmentBuilder, package: SlowPackage
) -> Iterator[tuple[threading.Event, list[object]]]:
    """A build that has come to the package; what ends it, and how it ended."""
    canceled, ends = threading.Event(), list[object]()

    def build() -> None:
        spec = read_environment(image=None, conda_file=package.conda)
        try:
            ends.append(builder.build(spec, label="x:1", canceled=canceled.is_set))
        except BuildFailed as failure:
            ends.append(failure)

    thread = threading.Thread(target=build, daemon=True)
    thread.start()
    try:
        package.until_building()
        yield canceled, ends
    finally:
        canceled.set()
        thread.join(10)
        for left in package.building():
            left.kill()
    assert not thread.is_alive()


def test_builds_get_the_callers_certificates_and_not_the_emulators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/ours.pem")
    monkeypatch.setenv("PLUMBLINE_ORIGINAL_SSL_CERT_FILE", "/theirs.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/ours.pem")
    monkeypatch.setenv("PLUMBLINE_ORIGINAL_REQUESTS_CA_BUNDLE", "")
    monkeypatch.setenv("UV_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "secret")
    found = build_environment()
    assert found["SSL_CERT_FILE"] == "/theirs.pem"
    assert "REQUESTS_CA_BUNDLE" not in found
    assert found["UV_INDEX_URL"] == "https://mirror.example/simple"
    assert "AZURE_CLIENT_SECRET" not in found
