"""Protects a run that is cut off: whatever was killed, the next `up` converges, nothing doubled, nothing lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.project_copy import ProjectCopy

PATIENCE_SECONDS = 240


def _wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS} s for {what}"
        time.sleep(0.02)


def _begin_up(project: ProjectCopy) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["pulumi", "up", "-s", "local", "--yes", "--skip-preview"],
        cwd=project.root,
        env=project.client_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _writes(project: ProjectCopy) -> int:
    try:
        return len(project.writes())
    except OSError:
        return 0


class _Acknowledged:
    """PUTs to ARM that were answered with success since this was made, whatever was killed meanwhile."""

    def __init__(self) -> None:
        self._folder = Path(os.environ["PLUMBLINE_REQUEST_LOG"])
        self._before = {file: file.stat().st_size for file in self._folder.glob("*.jsonl")}

    def paths(self) -> dict[str, str]:
        """ARM id -> api-version."""
        found = {}
        for file in self._folder.glob("*.jsonl"):
            with file.open("rb") as content:
                content.seek(self._before.get(file, 0))
                for line in content:
                    entry = json.loads(line) if line.endswith(b"\n") else {"method": ""}
                    if (
                        entry["method"] == "PUT"
                        and "/providers/" in entry["path"]
                        and entry["status"] in (200, 201)
                    ):
                        found[entry["path"]] = entry["query"]["api-version"]
        return found


def _assert_nothing_lost(project: ProjectCopy, acknowledged: _Acknowledged) -> None:
    paths = acknowledged.paths()
    assert paths
    assert [path for path, version in paths.items() if project.arm(path, version) is None] == []


def _assert_nothing_doubled(project: ProjectCopy) -> None:
    """One version of every asset, and of every code."""
    (workspace,) = [
        resource["id"]
        for resource in json.loads(project.pulumi("stack", "export", "-s", "local").stdout)["deployment"][
            "resources"
        ]
        if resource["type"] == "azure-native:machinelearningservices:Workspace"
    ]
    for collection, count in (("environments", 1), ("components", 5), ("data", 2), ("codes", 5)):
        containers = project.arm(f"{workspace}/{collection}?listViewType=All", "2024-04-01")["value"]
        assert len(containers) == count, (collection, [one["name"] for one in containers])
        for container in containers:
            versions = project.arm(f"{container['id']}/versions?listViewType=All", "2024-04-01")["value"]
            assert len(versions) == 1, (container["id"], [one["name"] for one in versions])


def _assert_converged(project: ProjectCopy) -> None:
    """One version of every asset, everything in the state, and nothing left to do."""
    project.control("DELETE", "requests")
    project.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    assert project.writes() == []
    state = json.loads(project.pulumi("stack", "export", "-s", "local").stdout)["deployment"]
    assert not state.get("pending_operations")
    ids = [resource["id"].lower() for resource in state["resources"] if resource.get("custom")]
    assert len(ids) == len(set(ids))
    assert not [resource["urn"] for resource in state["resources"] if resource.get("initErrors")]
    _assert_nothing_doubled(project)


def test_emulator_killed_in_the_middle_of_an_up(project: ProjectCopy) -> None:
    project.plumbline("local", "start")
    acknowledged = _Acknowledged()
    # The thirtieth write is committed, then the emulator dies before it can say so.
    project.control("PUT", "faults", [{"method": "PUT", "path": ".*", "nth": 30, "status": "kill-after"}])
    pid = project.ready()["pid"]
    up = _begin_up(project)
    _wait_for(lambda: not psutil.pid_exists(pid), "the emulator's death")
    assert up.wait(PATIENCE_SECONDS) != 0
    project.plumbline("local", "start")
    _assert_nothing_lost(project, acknowledged)
    project.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    _assert_converged(project)


def test_provider_killed_in_the_middle_of_an_up(project: ProjectCopy) -> None:
    project.plumbline("local", "start")
    # A slow cloud: the provider is in the middle of its registrations when it dies.
    acknowledged = _Acknowledged()
    project.control(
        "PUT", "faults", [{"method": "PUT", "path": "/components/", "count": -1, "delay_seconds": 3}]
    )
    up = _begin_up(project)
    _wait_for(
        lambda: bool(_processes(up.pid, "plumbline.provider")) and _writes(project) >= 40,
        "registrations under way",
    )
    for provider in _processes(up.pid, "plumbline.provider"):
        provider.kill()
    assert up.wait(PATIENCE_SECONDS) != 0
    project.control("DELETE", "faults")
    _assert_nothing_lost(project, acknowledged)
    project.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    _assert_converged(project)


def test_engine_killed_in_the_middle_of_an_up(project: ProjectCopy) -> None:
    project.plumbline("local", "start")
    project.control(
        "PUT", "faults", [{"method": "PUT", "path": "/components/", "count": -1, "delay_seconds": 3}]
    )
    up = _begin_up(project)
    _wait_for(
        lambda: bool(_processes(up.pid, "plumbline.provider")) and _writes(project) >= 40,
        "registrations under way",
    )
    plugins = _processes(up.pid, "plumbline.provider") + _processes(up.pid, "plumbline.azure_native_plugin")
    up.send_signal(signal.SIGKILL)
    up.wait()
    # Plugins end with their engine, so nobody goes on writing behind the next run's back.
    _wait_for(lambda: not any(_lives(plugin) for plugin in plugins), "the plugins' end")
    project.control("DELETE", "faults")

    again = project.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    assert f"(pid {up.pid})" in again.stderr
    assert "its lock was cleared" in again.stderr
    project.plumbline("local", "up", "--skip-run")  # strikes out the notes of creations
    _assert_converged(project)


def test_lock_and_note_that_were_left_half_written_are_cleared(project: ProjectCopy) -> None:
    project.plumbline("local", "up", "--skip-run")
    folder = project.root / ".plumbline/local/state/.pulumi/locks/organization/azure-ml-platform/local"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "half.json").write_text('{"pid": 41')
    (folder / "draft.json.18ebfd0aacfd85ad.tmp").write_bytes(b"")
    (note,) = (project.root / ".plumbline/local/state/.pulumi/stacks").rglob("local.json.attrs")
    note.write_bytes(b"")
    answer = project.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    assert "never written to its end" in answer.stderr
    assert not list(folder.iterdir())
    assert "local.json.attrs was never written to its end" in answer.stderr


def _processes(engine: int, module: str) -> list[psutil.Process]:
    children = psutil.Process(engine).children(recursive=True)
    return [child for child in children if module in _words(child)]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
