"""Protects `make down`: nothing is left running, whatever was cut off before, and nothing behind but caches."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.project_copy import ProjectCopy, plain_environment

PATIENCE_SECONDS = 60


def _files(root: Path) -> set[str]:
    """Every file below a folder, bytecode left out."""
    return {
        str(Path(folder, name).relative_to(root))
        for folder, _, names in os.walk(root)
        for name in names
        if "__pycache__" not in folder
    }


def _mentioning(text: str) -> list[list[str]]:
    """Command lines of the processes that were started with, or for, a path."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if process.pid != os.getpid() and (
                text in " ".join(words)
                or text in " ".join(process.environ().values())
                or text in process.cwd()
            ):
                found.append(words)
        except psutil.Error:
            continue
    return found


def test_reset_in_the_middle_of_everything_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update runs, a rehearsal was kept, one emulator has lost its note: all of it is ended and removed."""
    project = ProjectCopy.make(tmp_path / "project")
    before = _files(project.root)
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    for folder in (home, temporary):
        folder.mkdir()
    for name, value in {"HOME": str(home), "TMPDIR": str(temporary), "XDG_CACHE_HOME": cache}.items():
        monkeypatch.setenv(name, value)

    project.plumbline("local", "start")
    project.plumbline("rehearse", "dev", "--keep", "--", "true")
    (project.root / ".plumbline/rehearsals/dev/emulator/ready.json").unlink()
    project.control("PUT", "faults", [{"method": "PUT", "path": ".*", "count": -1, "delay_seconds": 1}])
    up = subprocess.Popen(
        ["pulumi", "up", "-s", "local", "--yes", "--skip-preview"],
        cwd=project.root, env=project.client_environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(project.writes()) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        told = project.plumbline("local", "reset", "--yes").stdout
        assert told == "Stopped 2 emulators and removed .plumbline.\n"
        assert up.wait(PATIENCE_SECONDS) != 0
    finally:
        up.kill()
        project.plumbline("local", "reset", "--yes", check=False)
    assert _mentioning(str(project.root)) == []
    assert _files(project.root) == before
    assert _files(home) == set()
    assert _files(temporary) == set()
    assert project.plumbline("local", "reset", "--yes").stdout == "Nothing to remove.\n"


def test_reset_asks_first_and_spares_whoever_only_looks(project: ProjectCopy) -> None:
    (project.root / ".plumbline/local").mkdir(parents=True)
    assert project.plumbline("local", "reset", check=False).returncode == 1
    assert (project.root / ".plumbline").exists()
    # A reader's shell may stand in the folder with all of its variables: it is not ours to end.
    reader = subprocess.Popen(
        ["sleep", "60"],
        cwd=project.root / ".plumbline/local",
        env=plain_environment() | {"PULUMI_HOME": str(project.root / ".plumbline/local/pulumi-home")},
    )
    try:
        project.plumbline("local", "reset", "--yes")
        assert reader.poll() is None
        assert not (project.root / ".plumbline").exists()
    finally:
        reader.kill()
        reader.wait()
