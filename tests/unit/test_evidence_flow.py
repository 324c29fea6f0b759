"""Protects what a release takes out of a job's graph: the model that was evaluated, by thresholds that are registered."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from plumbline.assets import load_ml_pipelines, resolved_job
from plumbline.ops.release.approval import Approval, approval_container, approval_version, counting
from plumbline.ops.release.author import Author
from plumbline.ops.release.digest import release_digest
from plumbline.ops.release.flow import StepOutput, release_flow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def claims() -> dict[str, Any]:
    return resolved_job(load_ml_pipelines([ROOT / "pipelines" / "claims_release"], root=ROOT)[0])


def test_the_claims_release_gives_every_part(claims: dict[str, Any]) -> None:
    flow = release_flow(claims)
    assert flow.problems == ()
    assert flow.evaluation == StepOutput(step="evaluate", output="evaluation")
    assert flow.verdict == StepOutput(step="evaluate", output="verdict")
    assert flow.model == StepOutput(step="train", output="model")
    assert flow.model_output == "model"
    assert str(flow.thresholds).startswith("azureml:claims_release_thresholds:h1")


def test_a_job_without_a_gate_is_no_release(claims: dict[str, Any]) -> None:
    job = deepcopy(claims)
    del job["jobs"]["gate"]
    assert "no step gate" in release_flow(job).problems[0]


def test_an_evaluation_of_another_model_than_the_released_one_is_named(claims: dict[str, Any]) -> None:
    job = deepcopy(claims)
    job["jobs"]["train_2"] = deepcopy(job["jobs"]["train"])
    del job["jobs"]["train_2"]["outputs"]
    job["jobs"]["evaluate"]["inputs"]["model"] = "${{parent.jobs.train_2.outputs.model}}"
    assert "it evaluated another one" in release_flow(job).problems[0]


@pytest.mark.parametrize("value", [None, "${{parent.jobs.train.outputs.model}}"])
def test_thresholds_that_a_step_wrote_are_none(claims: dict[str, Any], value: str | None) -> None:
    job = deepcopy(claims)
    job["jobs"]["gate"]["inputs"]["thresholds"] = value
    assert "expected a registered data asset" in release_flow(job).problems[0]


@pytest.mark.parametrize("wanted", ["evaluation", "verdict"])
def test_a_gate_that_is_not_given_what_it_judges_is_none(claims: dict[str, Any], wanted: str) -> None:
    job = deepcopy(claims)
    job["jobs"]["gate"]["inputs"][wanted] = "${{parent.inputs.claims}}"
    assert f"gate.inputs.{wanted}" in release_flow(job).problems[0]


def test_a_job_without_a_model_is_named(claims: dict[str, Any]) -> None:
    job = deepcopy(claims)
    del job["outputs"]["model"]
    assert "outputs: got 0 of a model type" in release_flow(job).problems[0]


def approval(by: str, kind: str = "User") -> Approval:
    return Approval(
        container="c", version="a1", approver=by, approver_type=kind, approved_at="2026-11-23T19:03:01Z"
    )


ALICE = Author(name="alice@plumbline.example")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (approval("Alice@plumbline.example"), "who submitted the run"),
        (approval("7f1c", "Application"), "no person"),
        (approval("7f1c", "ManagedIdentity"), "no person"),
        (approval("bob", ""), "no person"),
        (approval(""), "does not say who"),
    ],
)
def test_approvals_of_authors_and_machines_do_not_count(given: Approval, reason: str) -> None:
    assert reason in str(given.refusal([ALICE]))
    assert counting([given], [ALICE]) is None


def test_the_first_approval_by_somebody_else_counts() -> None:
    others = [
        approval("alice@plumbline.example"),
        approval("bob@plumbline.example"),
        approval("carol@plumbline.example"),
    ]
    assert counting(others, [ALICE]) is others[1]


def test_an_approval_is_named_after_the_digest_within_azures_bounds() -> None:
    digest = release_digest({"job": "j"})
    assert approval_version(digest) == f"a1{digest[:26]}"
    assert len(f"{approval_version(digest)}-9") <= 30
    assert approval_container("claims release/x") == "claims_release_x_approval"


def test_the_digest_moves_with_every_part_of_the_record() -> None:
    record = {
        "job": "j",
        "metrics_sha256": "a",
        "model": {"model.json": "b"},
        "components": {"train": {"component": "t:1"}},
    }
    seen = {release_digest(record)}
    for changed in (
        {"job": "k"}, {"metrics_sha256": "x"}, {"model": {"model.json": "x"}}, {"model": {"other.json": "b"}},
        {"components": {"train": {"component": "t:2"}}},
    ):  # fmt: skip
        seen.add(release_digest({**record, **changed}))
    assert len(seen) == 6
