"""Protects `make up`: from nothing to a released model with its evidence, and a second time to nothing at all."""

from __future__ import annotations

import json
import re
from pathlib import Path

from plumbline.ops.errors import FOUND
from tests.project_copy import REPOSITORY, ProjectCopy
from tests.transcript import Transcript

TRAIN = Path("pipelines/claims_release/components/train/src/train.py")


def _fact(told: str, heading: str) -> str:
    found = re.search(rf"^{heading} +(.+)$", told, re.MULTILINE)
    assert found is not None, f"no line {heading!r} in:\n{told}"
    return found.group(1)


def _models(platform: ProjectCopy) -> list[str]:
    answer = platform.plumbline("model", "list", "--name", "claims_release", "--stack", "local", "-o", "json")
    return [f"{model['name']}:{model['version']}" for model in json.loads(answer.stdout)]


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
    before = _models(platform)
    script = platform.root / TRAIN
    original = script.read_text()
    script.write_text(original.replace("alpha=alpha, solver", "alpha=1e6, solver"))
    assert script.read_text() != original
    try:
        answer = platform.plumbline("local", "up", check=False)
        assert answer.returncode == FOUND
        assert re.search(r"d2_gamma .*threshold at least 0\.08", answer.stdout)
        assert "No model was registered" in answer.stdout
        assert (platform.root / _fact(answer.stdout, "Evidence")).exists()
        assert _models(platform) == before
    finally:
        script.write_text(original)
        platform.pulumi("up", "-s", "local", "--yes", "--skip-preview")
