"""Protects `make up`: from nothing to a released model with its evidence, and a second time to nothing at all."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import psutil

from plumbline.ops.errors import FOUND
from tests.project_copy import COMMAND_SECONDS, REPOSITORY, ProjectCopy, plain_environment
from tests.transcript import Transcript

TRAIN = Path("pipelines/claims_release/components/train/src/train.py")


def _fact(told: str, heading: str) -> str:
    found = re.search(rf"^{heading} +(.+)$", told, re.MULTILINE)
    assert found is not None, f"no line {heading!r} in:\n{told}"
    return found.group(1)


def _models(platform: ProjectCopy) -> list[str]:
    answer = platform.plumbline("model", "list", "--name", "claims_release", "--stack", "local", "-o", "json")
    return [f"{model['name']}:{model['version']}" for model in json.loads(answer.stdout)]


def _runs(platform: ProjectCopy) -> list[str]:
    answer = platform.plumbline("job", "list", "--stack", "local", "-o", "json")
    return [str(job["name"]) for job in json.loads(answer.stdout)]


def _begin(platform: ProjectCopy) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(Path(sys.executable).parent / "plumbline"), "local", "up"],
        cwd=platform.root,
        env=plain_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _training(platform: ProjectCopy) -> psutil.Process:
    """The process of the training step, once it is there."""
    deadline = time.monotonic() + COMMAND_SECONDS
    emulator = psutil.Process(platform.ready()["pid"])
    while time.monotonic() < deadline:
        for process in emulator.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if any(word.endswith("train.py") for word in process.cmdline()):
                    return process
        time.sleep(0.02)
    raise AssertionError(f"no training step within {COMMAND_SECONDS} s")


def _read_until(lines: IO[str], wanted: str) -> str:
    read = ""
    for line in lines:
        read += line
        if wanted in line:
            return read
    raise AssertionError(f"no line with {wanted!r} in:\n{read}")


def test_up_releases_a_model_with_its_evidence_and_then_finds_it(platform: ProjectCopy) -> None:
    first = platform.plumbline("local", "up")
    told = first.stdout
    # `git status` stays clean: the engine has written nothing into what is tracked.
    for name in ("Pulumi.yaml", "Pulumi.local.yaml"):
        assert (platform.root / name).read_bytes() == (REPOSITORY / name).read_bytes()
    assert "7 of 7 thresholds reached" in told
    assert re.search(r"^train +Completed( +\d+\.\d){5}$", told, re.MULTILINE)
    assert "Bob Reviewer" in _fact(told, "Approved")
    assert "rehearsal" in _fact(told, "Approved")
    assert _fact(told, "Model") == "claims_release:1"
    page = platform.root / _fact(told, "Evidence")
    assert page.read_text().count("<svg") >= 2

    platform.control("DELETE", "requests")
    second = platform.plumbline("local", "up")
    again = second.stdout
    assert "is green already: nothing was submitted" in again
    assert _fact(again, "Model") == "claims_release:1"
    assert platform.writes() == []

    kept = Transcript("make_up")
    kept.add("make up", first)
    kept.add("make up", second)
    kept.require_unchanged()


def test_worse_training_is_blocked_with_evidence_and_without_a_model(platform: ProjectCopy) -> None:
    before, runs = _models(platform), _runs(platform)
    script = platform.root / TRAIN
    original = script.read_text()
    script.write_text(original.replace("alpha=alpha, solver", "alpha=1e6, solver"))
    assert script.read_text() != original
    try:
        # Killed while its job trains: the next call follows that job, and submits none of its own.
        first = _begin(platform)
        step = _training(platform)
        step.suspend()
        first.kill()
        first.communicate()
        second = _begin(platform)
        assert second.stdout is not None
        told = _read_until(second.stdout, "of the same digests goes on: it is followed.")
        step.resume()
        told += second.stdout.read()
        assert second.wait() == FOUND
        assert len(_runs(platform)) == len(runs) + 1
        assert re.search(r"d2_gamma .*threshold at least 0\.08", told)
        assert "No model was registered" in told
        assert (platform.root / _fact(told, "Evidence")).exists()
        assert _models(platform) == before
    finally:
        script.write_text(original)
        platform.pulumi("up", "-s", "local", "--yes", "--skip-preview")
