"""Protects what a release rests on: the same again gives the same bytes, and only what is touched by a change runs again."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.project_copy import ProjectCopy, plain_environment

FOLDER = Path("pipelines/claims_release")
FILE = str(FOLDER / "pipeline.yml")
CLAIMS = FOLDER / "data" / "files" / "claims.csv"
TRAIN = FOLDER / "components" / "train" / "src" / "train.py"


@contextmanager
def edited(platform: ProjectCopy, path: Path) -> Iterator[Path]:
    """A file of the project that may be written to; it is put back afterwards."""
    file = platform.root / path
    kept = file.read_bytes()
    try:
        yield file
    finally:
        file.write_bytes(kept)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectCopy]:
    """A platform of this file's own: other content that is registered here would be @latest for other tests.

    Its steps reach this machine, since one of them asks a service of the test's.
    """
    copy = ProjectCopy.make(tmp_path_factory.mktemp("claims") / "project")
    try:
        environ = plain_environment() | {"PLUMBLINE_STEP_NETWORK": "machine"}
        copy.plumbline("local", "up", "--skip-run", "--azure-noise", environ=environ)
        yield copy
    finally:
        copy.plumbline("local", "reset", "--yes", check=False)


@pytest.fixture(scope="module")
def twice(platform: ProjectCopy) -> tuple[Path, Path]:
    """What two runs of the same pipeline, both of every step, have left behind; the folders hold a folder per output."""
    return _forced(platform, "first"), _forced(platform, "second")


def _forced(platform: ProjectCopy, folder: str) -> Path:
    name = platform.plumbline(
        "job", "create", "-f", FILE, "--set", "settings.force_rerun=true", "--stream", "-s", "local",
        "-o", "tsv", "--query", "name",
    ).stdout.strip()  # fmt: skip
    platform.plumbline("job", "download", name, "--all", "-p", folder, "-s", "local")
    return platform.root / folder / "named-outputs"


def _release(platform: ProjectCopy) -> tuple[int, dict[str, Any], str]:
    """Register what the project holds, and run it; exit code, job and what was told."""
    platform.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    answer = platform.plumbline(
        "job", "create", "-f", FILE, "--stream", "-s", "local", "-o", "json", check=False
    )
    return answer.returncode, json.loads(answer.stdout), answer.stderr


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_pipeline_twice_gives_the_same_weights_and_metrics(twice: tuple[Path, Path]) -> None:
    first, second = (_digests(folder) for folder in twice)
    assert {"model/model.json", "model/baseline.json", "evaluation/metrics.json"} <= set(first)
    assert [
        name for name in sorted(first.keys() | second.keys()) if first.get(name) != second.get(name)
    ] == []


# Before the tests that register other content: what is anonymous runs on @latest.
def test_a_step_that_failed_for_once_runs_in_a_rerun_with_what_depends_on_it(platform: ProjectCopy) -> None:
    # All that a step reaches is the emulator: it asks for the keys that tokens are signed with, and is refused for once.
    keys = {"method": "GET", "path": "/discovery/v2.0/keys$", "count": -1, "status": 503}
    platform.control("PUT", "faults", [keys])
    with edited(platform, TRAIN) as script:
        text = script.read_text()
        asks = (
            "import os, ssl, urllib.request\n\n"
            "_context = ssl.create_default_context(cafile=os.environ['MLFLOW_TRACKING_SERVER_CERT_PATH'])\n"
            "_root = os.environ['MLFLOW_TRACKING_URI'].split('/mlflow/')[0]\n"
            "urllib.request.urlopen(_root + '/common/discovery/v2.0/keys', context=_context)\n"
        )
        script.write_text(text.replace("import argparse\n", f"{asks}import argparse\n", 1))
        words = ("--stream", "-s", "local", "-o", "json")
        # A penalty of its own: equal weights would be judged already, and evaluate and gate reused.
        answer = platform.plumbline(
            "job", "create", "-f", FILE, "--anonymous", "--set", "inputs.alpha=0.02", *words, check=False
        )
        assert answer.returncode == 1
        assert re.search(r"^train: .*HTTP Error 503", answer.stderr, re.MULTILINE | re.DOTALL)
        failed = json.loads(answer.stdout)
        platform.control("DELETE", "faults")
        again = platform.plumbline("job", "rerun", failed["name"], *words)
    job = json.loads(again.stdout)
    assert job["status"] == "Completed"
    assert job["tags"]["plumbline.rerun_of"] == failed["name"]
    assert {name: node["component"] for name, node in job["jobs"].items()} == {
        name: node["component"] for name, node in failed["jobs"].items()
    }
    saved = re.search(
        r"Reused: validate, features\. Ran: train, evaluate, gate\. Reuse saved (\d+\.\d) s", again.stderr
    )
    assert saved is not None, again.stderr
    assert float(saved.group(1)) > 0


def test_one_changed_row_reruns_what_it_reaches_and_reuses_the_rest(
    platform: ProjectCopy, twice: tuple[Path, Path]
) -> None:
    # An age is looked at by group of the holdout only: it reaches no training row.
    with (twice[0] / "groups" / "groups.csv").open(newline="") as groups:
        person, year = next(row["row"] for row in csv.DictReader(groups) if row["age"] == "30 to 44").split(
            "-"
        )
    with edited(platform, CLAIMS) as file:
        lines = file.read_text().splitlines(keepends=True)
        age = lines[0].strip().split(",").index("age")
        (changed,) = [
            number
            for number, line in enumerate(lines)
            if line.startswith(f"{person},") and line.split(",")[2] == year
        ]
        cells = lines[changed].split(",")
        cells[age] = "64.5"
        lines[changed] = ",".join(cells)
        file.write_text("".join(lines))
        code, job, told = _release(platform)
    assert (code, job["status"]) == (0, "Completed"), told
    assert "Reused: train. Ran: validate, features, evaluate, gate." in told


def test_a_package_that_was_taken_out_of_the_conda_file_is_named(platform: ProjectCopy) -> None:
    with edited(platform, FOLDER / "conda.yml") as file:
        original = file.read_text()
        # With it goes what only later steps use: the run must not wait for packages that it never gets to.
        kept = re.sub(
            r"^ +- (pandas|scikit-learn|matplotlib|mlflow-skinny|azureml-mlflow)==.*\n",
            "",
            original,
            flags=re.MULTILINE,
        )
        assert kept.count("==") == original.count("==") - 5
        file.write_text(kept)
        code, job, told = _release(platform)
    assert (code, job["status"]) == (1, "Failed"), told
    assert re.search(
        r"^validate: .*The package 'pandas' is not in environment claims_release:h1[0-9a-f]{16}: add it to the "
        "environment's conda file",
        told,
        re.MULTILINE,
    )
    assert "Gate closed" not in told
