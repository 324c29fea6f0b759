"""Protects that a release is what its release.yml says: another pipeline, other names, its training a nested pipeline."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plumbline.ops.errors import FOUND
from tests.e2e.test_model_release import acting, told
from tests.evidence_forger import Forger
from tests.project_copy import REPOSITORY, ProjectCopy

STOCK = Path("pipelines/stock_forecast")
FILE = f"{STOCK}/pipeline.yml"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectCopy]:
    """A project with two pipelines in its stack, brought up whole."""
    copy = ProjectCopy.make(tmp_path_factory.mktemp("both") / "project")
    shutil.copytree(REPOSITORY / "tests" / "data" / STOCK, copy.root / STOCK)
    stack = copy.root / "Pulumi.local.yaml"
    stack.write_text(
        stack.read_text().replace("    - claims_release\n", "    - claims_release\n    - stock_forecast\n")
    )
    # Slower than it promises, so that somebody is warned.
    score = copy.root / STOCK / "components" / "score" / "src" / "score.py"
    score.write_text(score.read_text() + "\nimport time\n\ntime.sleep(2)\n")
    release = copy.root / STOCK / "release.yml"
    release.write_text(release.read_text().replace("score: 60", "score: 1"))
    copy.commit("A second pipeline")
    try:
        yield copy
    finally:
        copy.plumbline("local", "reset", "--yes", check=False)


@pytest.fixture(scope="module")
def up(both: ProjectCopy) -> str:
    answer = both.plumbline("local", "up", "--azure-noise")
    return answer.stdout + answer.stderr


def test_up_runs_and_releases_every_pipeline_of_the_stack(both: ProjectCopy, up: str) -> None:
    assert "Pipeline  claims_release" in up
    assert "Pipeline  stock_forecast" in up
    assert "Model     claims_release:1" in up
    assert "Model     stock_mean:1" in up
    assert up.count("Approved  by Bob Reviewer (a rehearsal: nobody looked)") == 2
    both.control("DELETE", "requests")
    again = both.plumbline("local", "up").stdout
    assert again.count("is green already: nothing was submitted") == 2
    assert both.writes() == []


def test_a_step_that_runs_longer_than_promised_is_named(up: str) -> None:
    assert ": score " in up
    assert "expected at most 1 s by release.yml." in up


@pytest.fixture(scope="module")
def job(both: ProjectCopy, up: str) -> str:
    (row,) = told(both, "deployer", "model", "list", "--name", "stock_mean")
    assert row["released"] is True
    return str(row["tags"]["plumbline.job"])


@pytest.fixture(scope="module")
def folder(both: ProjectCopy, job: str) -> Path:
    acting(both, "deployer", "evidence", "write", job, "--out", "beside", check=True)
    return both.root / "beside"


def test_steps_of_a_nested_pipeline_have_component_content_and_code_in_the_evidence(folder: Path) -> None:
    document = json.loads((folder / "evidence.json").read_text())
    assert document["verdict"]["outcome"] == "passed"
    steps = {step["name"]: step for step in document["steps"]}
    assert sorted(steps) == ["fit/learn", "fit/prepare", "score", "stop"]
    for name in ("fit/learn", "fit/prepare"):
        step = steps[name]
        assert step["component"].startswith(f"stock_{name.partition('/')[2]}:h1")
        assert step["component"].endswith(step["content_hash"][:16])
        assert len(step["code_hash"]) == 64
        assert step["environment"].startswith("stock_forecast:h1")
    assert "unknown" not in (folder / "evidence.md").read_text()


@pytest.mark.parametrize("part", ["component", "content_hash", "code_hash"])
def test_a_nested_steps_part_that_was_changed_is_named(folder: Path, tmp_path: Path, part: str) -> None:
    forger = Forger(folder, tmp_path / "forged")
    forger.step("fit/learn")[part] = "0" * 64
    assert f"steps.fit/learn.{part}: got " in forger.found()


def test_a_nested_steps_part_that_was_forged_throughout_differs_from_what_is_live(
    both: ProjectCopy, folder: Path, tmp_path: Path
) -> None:
    assert acting(both, "deployer", "evidence", "verify", str(folder)).returncode == 0
    forger = Forger(folder, tmp_path / "forged")
    recorded: dict[str, Any] = forger.e["record"]["components"]["fit/learn"]
    recorded["code_hash"] = forger.step("fit/learn")["code_hash"] = "0" * 64
    forger.approve_again()
    assert forger.found() == ""
    answer = acting(both, "deployer", "evidence", "verify", str(forger.path))
    assert answer.returncode == 1
    assert "live: record.components.fit/learn.code_hash: got " in answer.stderr


def test_a_gate_of_another_name_closes_with_3(both: ProjectCopy, up: str) -> None:
    limits = both.root / STOCK / "limits.yml"
    kept = limits.read_text()
    limits.write_text(kept.replace("at_most: 2.0", "at_most: 0.5"))
    try:
        answer = both.plumbline("local", "up", check=False)
    finally:
        limits.write_text(kept)
    assert answer.returncode == FOUND
    assert "Gate closed: 1 of 1 thresholds missed." in answer.stdout
    assert "Model     claims_release:1" in answer.stdout
    assert [row["version"] for row in told(both, "deployer", "model", "list", "--name", "stock_mean")] == [
        "1"
    ]
