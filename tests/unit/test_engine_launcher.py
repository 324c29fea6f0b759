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
    return found


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


def run(script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([script, "up", "-s", "local"], capture_output=True, text=True, check=False)


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
