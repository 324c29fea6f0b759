"""Protects `plumbline pin`: what moves is written down as what it is now, and said again when it has moved."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.contract.machine_learning_assets import register_environment
from tests.contract.machine_learning_platform import (
    GROUP,
    WORKSPACE,
    MachineLearningPlatform,
    machine_learning_platform,
)

REGISTRY = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"
CURATED = "azureml:AzureML-sklearn-1.5@latest"
STEPS = {"a": REGISTRY, "b": CURATED, "c": "azureml:theirs@latest", "d": "azureml:theirs:1"}


@pytest.fixture(scope="module")
def platform() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform(azure_noise=True) as made:
        register_environment(made.client(), "theirs", "1")
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pipeline that names everything that moves."""
    (tmp_path / "Pulumi.yaml").write_text("name: pins\nruntime: python\n")
    folder = tmp_path / "pipelines" / "words"
    folder.mkdir(parents=True)
    jobs = {step: {"command": "echo", "environment": text} for step, text in STEPS.items()}
    job = {"type": "pipeline", "settings": {"default_compute": "serverless"}, "jobs": jobs}
    (folder / "pipeline.yml").write_text(yaml.safe_dump(job))
    return folder


def _run(
    platform: MachineLearningPlatform, folder: Path, *words: str, code: int = 0
) -> subprocess.CompletedProcess[str]:
    base = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE", "ARM_"))}
    answer = subprocess.run(
        [str(Path(sys.executable).parent / "plumbline"), *words],
        cwd=folder.parents[1],
        env=platform.emulator.environment("deployer", base=base)
        | {
            "AZURE_RESOURCE_GROUP": GROUP,
            "AZUREML_WORKSPACE_NAME": WORKSPACE,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == code, answer.stdout + answer.stderr
    return answer


def _pins(folder: Path) -> dict[str, str]:
    pins: dict[str, str] = yaml.safe_load((folder / "pins.yaml").read_text())["pins"]
    return pins


def test_labels_and_other_peoples_assets_are_pinned_and_then_nothing_is_left_to_say(
    platform: MachineLearningPlatform, folder: Path
) -> None:
    before = _run(platform, folder, "validate", code=1).stdout
    assert before.count("plumbline pin") == len(STEPS)
    assert "not pinned" in _run(platform, folder, "pin", "--check", code=3).stdout
    assert not (folder / "pins.yaml").exists()

    _run(platform, folder, "pin")
    pins = _pins(folder)
    assert set(pins) == set(STEPS.values())
    assert pins["azureml:theirs@latest"] == pins["azureml:theirs:1"] == "azureml:theirs:1"
    assert pins[REGISTRY].startswith("azureml://registries/azureml/environments/sklearn-1.5/versions/")
    assert pins[CURATED].startswith("azureml:AzureML-sklearn-1.5:")
    assert "no problem" in _run(platform, folder, "validate").stdout
    _run(platform, folder, "pin", "--check")

    written = (folder / "pins.yaml").read_text()
    _run(platform, folder, "pin")
    assert (folder / "pins.yaml").read_text() == written


def test_newer_is_said_and_taken_when_asked_and_reasons_stay(
    platform: MachineLearningPlatform, folder: Path
) -> None:
    register_environment(platform.client(), "moves", "1")
    job = folder / "pipeline.yml"
    job.write_text(job.read_text().replace("azureml:theirs@latest", "azureml:moves@latest"))
    _run(platform, folder, "pin")
    pins = {**_pins(folder), "azureml:moves@latest": {"reference": "azureml:moves:1", "reason": "asked"}}
    (folder / "pins.yaml").write_text(yaml.safe_dump({"pins": pins}))
    register_environment(platform.client(), "moves", "2")

    answer = json.loads(_run(platform, folder, "pin", "--check", "--output", "json", code=3).stdout)
    assert answer["schema"] == "plumbline.pin/1"
    moved = [row for row in answer["pins"] if row["state"] == "newer exists"]
    assert [(row["reference"], row["pinned"], row["newest"]) for row in moved] == [
        ("azureml:moves@latest", "azureml:moves:1", "azureml:moves:2")
    ]
    _run(platform, folder, "pin")
    assert yaml.safe_load((folder / "pins.yaml").read_text())["pins"]["azureml:moves@latest"] == {
        "reference": "azureml:moves:2",
        "reason": "asked",
    }


def test_what_is_not_there_is_named_with_its_line_and_the_others_are_written(
    platform: MachineLearningPlatform, folder: Path
) -> None:
    job = folder / "pipeline.yml"
    job.write_text(job.read_text().replace("azureml:theirs:1", "azureml:theirs:7"))
    said = _run(platform, folder, "pin", code=1).stderr
    assert f"azureml:theirs:7: got no such environment in workspace {WORKSPACE}" in said
    assert "pipelines/words/pipeline.yml:" in said
    assert set(_pins(folder)) == {REGISTRY, CURATED, "azureml:theirs@latest"}
