"""Protects the claims release's YAML: the unmodified azure-ai-ml reads every file, and the files agree with each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

PIPELINE = Path(__file__).parents[2] / "pipelines" / "claims_release"
STEPS = ["validate", "features", "train", "evaluate", "gate"]


def read(name: str) -> dict:
    content: dict = yaml.safe_load((PIPELINE / name).read_text())
    return content


@pytest.mark.parametrize("step", STEPS)
def test_component_is_read_by_azure_ai_ml(step: str) -> None:
    from azure.ai.ml import load_component

    component = load_component(PIPELINE / "components" / step / "component.yml")
    assert component.name == f"claims_{step}"
    assert component._validate().passed
    assert component.environment == "claims_release@latest"  # azure-ai-ml takes the prefix off


@pytest.mark.parametrize("step", STEPS)
def test_command_gives_the_script_exactly_its_options(step: str) -> None:
    component = read(f"components/{step}/component.yml")
    script = (PIPELINE / "components" / step / "src" / f"{step}.py").read_text()
    passed = re.findall(r"(--[a-z-]+) \$\{\{(inputs|outputs)\.(\w+)\}\}", component["command"])
    assert {option for option, _, _ in passed} == set(re.findall(r'add_argument\(\s*"(--[a-z-]+)"', script))
    declared = {(kind, name) for kind in ("inputs", "outputs") for name in component.get(kind, {})}
    assert {(kind, name) for _, kind, name in passed} == declared


def test_pipeline_is_read_by_azure_ai_ml_and_keeps_its_outputs() -> None:
    from azure.ai.ml import load_job

    job = load_job(PIPELINE / "pipeline.yml")
    assert job._validate().passed
    assert list(job.jobs) == STEPS
    assert {"features", "model", "evaluation", "verdict"} <= set(job.outputs)
    assert job.settings.default_compute.endswith("cpu-cluster")
    assert job.experiment_name == "claims_release"
    # Sent with the step; a component's own would be dropped on the way.
    assert job.jobs["train"].environment_variables["OMP_NUM_THREADS"] == "1"


def test_groups_reach_the_evaluation_only() -> None:
    jobs = read("pipeline.yml")["jobs"]
    readers = [name for name, job in jobs.items() if "outputs.groups" in str(job["inputs"])]
    assert readers == ["evaluate"]
    assert "holdout" not in str(jobs["train"])


def test_environment_and_data_assets_are_read_by_azure_ai_ml() -> None:
    from azure.ai.ml import load_data, load_environment

    environment = load_environment(PIPELINE / "environment.yml")
    assert environment.name == "claims_release"
    assert "latest" not in environment.image
    claims, thresholds = (
        load_data(PIPELINE / "data" / "data.yml"),
        load_data(PIPELINE / "data" / "thresholds.yml"),
    )
    assert (claims.name, claims.type) == ("claims_medical_expenditures", "uri_folder")
    assert (thresholds.name, thresholds.type) == ("claims_release_thresholds", "uri_file")
    assert Path(thresholds.path) == PIPELINE / "thresholds.yml"


def test_schedule_is_read_by_azure_ai_ml_and_starts_at_a_constant_time() -> None:
    from azure.ai.ml.entities._load_functions import load_schedule

    schedule = load_schedule(PIPELINE / "schedule.yml")
    assert schedule.name == "claims_release_weekly"
    assert schedule.trigger.time_zone == "W. Europe Standard Time"
    assert str(schedule.trigger.start_time).startswith("2026-01-05")


def test_every_direct_package_is_pinned() -> None:
    conda = read("conda.yml")["dependencies"]
    packages = next(entry for entry in conda if isinstance(entry, dict))["pip"]
    assert all(re.fullmatch(r"[a-z-]+==[\w.]+", package) for package in packages)
    assert all("=" in entry for entry in conda if isinstance(entry, str))


def test_release_terms_speak_of_the_steps_and_files_that_exist() -> None:
    release = read("release.yml")
    assert list(release["expected_seconds"]["steps"]) == STEPS == list(read("pipeline.yml")["jobs"])
    assert (PIPELINE / release["thresholds"]).is_file()
    assert [row["asset"] for row in release["data_approvals"]] == ["claims_medical_expenditures"]
    assert release["owner"] == read("pipeline.yml")["tags"]["owner"]
    assert release["support"]["contact"] == read("pipeline.yml")["tags"]["support"]


def test_every_threshold_has_a_reason_and_one_limit_that_the_measured_value_reaches() -> None:
    for name, rule in read("thresholds.yml")["thresholds"].items():
        assert rule["why"], name
        assert ("at_least" in rule) != ("at_most" in rule), name
        assert rule["measured"] >= rule.get("at_least", float("-inf")), name
        assert rule["measured"] <= rule.get("at_most", float("inf")), name
