"""Protects the `pulumi` of an emulated shell: dead locks go first, the engine gets its words and its exit code counts."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from plumbline.engine.errors import WayClosed
from plumbline.engine.path import engine_on_path
from plumbline.engine.release import pinned_release
from plumbline.ops.engine_launcher import engine_launcher
from plumbline.ops.local_home import EmulatedStack


@pytest.fixture
def stack(tmp_path: Path) -> EmulatedStack:
    found = EmulatedStack(
        stack="local", cloud="c", tenant_id="t", subscription_id="s", location="l",
        root=tmp_path / "a project" / ".plumbline" / "local",
    )  # fmt: skip
    found.prepare()
    found.emulator_home.mkdir()
    _ready(found, os.getpid())
    return found


def _ready(stack: EmulatedStack, pid: int) -> None:
    """What an emulator says of itself while it runs; here this very process stands in for it."""
    (stack.emulator_home / "ready.json").write_text(json.dumps({"pid": pid, "port": 1}, indent=2))


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    folder = tmp_path / "the engine"
    folder.mkdir()
    (folder / "pulumi").write_text('#!/bin/sh\necho "engine: $*"\nexit 7\n')
    (folder / "pulumi").chmod(0o755)
    return folder


def lock(stack: EmulatedStack, **holder: object) -> Path:
    folder = stack.state / ".pulumi" / "locks" / "organization" / "azure-ml-platform" / "local"
    folder.mkdir(parents=True)
    path = folder / "1b2c.json"
    path.write_text(
        json.dumps({"pid": 2**22 + 1, "username": "ana", "hostname": socket.gethostname()} | holder)
    )
    return path


def run(script: Path, *words: str) -> subprocess.CompletedProcess[str]:
    words = words or ("up", "-s", "local")
    return subprocess.run([script, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", ["up -s local", "preview", "--non-interactive refresh --yes", "destroy"])
def test_without_an_emulator_the_engine_is_not_begun(stack: EmulatedStack, engine: Path, words: str) -> None:
    script = engine_launcher(stack, engine)
    gone = subprocess.Popen(["true"])
    gone.wait()
    _ready(stack, gone.pid)
    dead = run(script, *words.split())
    (stack.emulator_home / "ready.json").unlink()
    for answer in (dead, run(script, *words.split())):
        assert (answer.stdout, answer.returncode) == ("", 1)
        assert answer.stderr.startswith("emulator of stack local: got none running")
        assert answer.stderr.endswith("Start it: plumbline local start\n")


@pytest.mark.parametrize(
    "words", ["stack output", "config set up 1", "state delete URN", "cancel", "version"]
)
def test_what_needs_no_cloud_goes_on_without_an_emulator(
    stack: EmulatedStack, engine: Path, words: str
) -> None:
    (stack.emulator_home / "ready.json").unlink()
    assert run(engine_launcher(stack, engine), *words.split()).returncode == 7


def test_a_dead_lock_is_cleared_before_the_engine_starts(stack: EmulatedStack, engine: Path) -> None:
    held = lock(stack)
    answer = run(engine_launcher(stack, engine))
    assert not held.exists()
    assert "its lock was cleared" in answer.stderr
    assert (answer.stdout, answer.returncode) == ("engine: up -s local\n", 7)


def test_a_living_holder_is_left_to_the_engine(stack: EmulatedStack, engine: Path) -> None:
    held = lock(stack, hostname="build-agent-7")
    answer = run(engine_launcher(stack, engine))
    assert held.exists()
    assert (answer.stdout, answer.stderr) == ("engine: up -s local\n", "")


def test_without_a_lock_only_the_engine_is_heard(stack: EmulatedStack, engine: Path) -> None:
    answer = run(engine_launcher(stack, engine))
    assert (answer.stdout, answer.stderr, answer.returncode) == ("engine: up -s local\n", "", 7)


def test_the_launcher_is_never_taken_for_an_engine(stack: EmulatedStack, engine: Path) -> None:
    script = engine_launcher(stack, engine)
    with pytest.raises(WayClosed, match="no pulumi on PATH"):
        engine_on_path(pinned_release(), {"PATH": str(script.parent)})
    with pytest.raises(WayClosed, match="the engine/pulumi"):
        engine_on_path(pinned_release(), {"PATH": os.pathsep.join([str(script.parent), str(engine)])})
