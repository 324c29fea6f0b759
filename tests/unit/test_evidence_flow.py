"""Protects what a release takes out of a job's graph: the model that was evaluated, by thresholds that are registered."""

import json
import re
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plumbline.assets import MLPipeline, load_ml_pipelines, resolved_job
from plumbline.assets.contract import GateContract, StepOutput
from plumbline.assets.release_flow import release_flow
from plumbline.ops.release.approval import Approval, approval_container, approval_version, counting
from plumbline.ops.release.author import Author
from plumbline.ops.release.digest import release_digest
from plumbline.ops.release.writer import Writer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pipeline() -> MLPipeline:
    return load_ml_pipelines([ROOT / "pipelines" / "claims_release"], root=ROOT)[0]


@pytest.fixture(scope="module")
def claims(pipeline: MLPipeline) -> dict[str, Any]:
    return resolved_job(pipeline)


@pytest.fixture(scope="module")
def contract(pipeline: MLPipeline) -> GateContract:
    assert pipeline.contract is not None
    return pipeline.contract.gate


def test_the_claims_release_gives_every_part(claims: dict[str, Any], contract: GateContract) -> None:
    flow = release_flow(claims, contract)
    assert flow.problems == ()
    assert flow.evaluation == StepOutput(step="evaluate", output="evaluation")
    assert flow.verdict == StepOutput(step="evaluate", output="verdict")
    assert flow.model == StepOutput(step="train", output="model")
    assert flow.model_output == "model"
    assert str(flow.thresholds).startswith("azureml:claims_release_thresholds:h1")


def test_a_job_without_a_gate_is_no_release(claims: dict[str, Any], contract: GateContract) -> None:
    job = deepcopy(claims)
    del job["jobs"]["gate"]
    assert "no step gate" in release_flow(job, contract).problems[0]


def test_an_evaluation_of_another_model_than_the_released_one_is_named(
    claims: dict[str, Any], contract: GateContract
) -> None:
    job = deepcopy(claims)
    job["jobs"]["train_2"] = deepcopy(job["jobs"]["train"])
    del job["jobs"]["train_2"]["outputs"]
    job["jobs"]["evaluate"]["inputs"]["model"] = "${{parent.jobs.train_2.outputs.model}}"
    assert "it evaluated another one" in release_flow(job, contract).problems[0]


@pytest.mark.parametrize("value", [None, "${{parent.jobs.train.outputs.model}}"])
def test_thresholds_that_a_step_wrote_are_none(
    claims: dict[str, Any], contract: GateContract, value: str | None
) -> None:
    job = deepcopy(claims)
    job["jobs"]["gate"]["inputs"]["thresholds"] = value
    assert "expected a registered data asset" in release_flow(job, contract).problems[0]


@pytest.mark.parametrize("wanted", ["evaluation", "verdict"])
def test_a_gate_that_is_not_given_what_it_judges_is_none(
    claims: dict[str, Any], contract: GateContract, wanted: str
) -> None:
    job = deepcopy(claims)
    job["jobs"]["gate"]["inputs"][wanted] = "${{parent.inputs.claims}}"
    assert release_flow(job, contract).problems == (
        f"jobs.gate.inputs: got no input from evaluate.{wanted}, expected the {wanted} that is judged",
    )


def test_a_job_without_the_models_output_is_named(claims: dict[str, Any], contract: GateContract) -> None:
    job = deepcopy(claims)
    del job["outputs"]["model"]
    assert "outputs.model: got no such output" in release_flow(job, contract).problems[0]


def test_no_name_of_a_step_is_known_beforehand(claims: dict[str, Any], contract: GateContract) -> None:
    """The same release under other names, and a contract that says them."""
    text = json.dumps(claims)
    for old, new in (("evaluate", "score"), ("gate", "stop"), ("verdict", "answer")):
        text = re.sub(rf'(?<=[".]){old}(?=[".}}])', new, text)
    job = json.loads(text)
    renamed = replace(
        contract, gate="stop", evaluation=StepOutput(step="score", output="evaluation"),
        verdict=StepOutput(step="score", output="answer"),
    )  # fmt: skip
    flow = release_flow(job, renamed)
    assert flow.problems == ()
    assert flow.verdict == renamed.verdict


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


@pytest.mark.parametrize("kind", ["Application", "ManagedIdentity"])
def test_a_workflows_approval_counts_only_where_the_terms_list_its_object_id(kind: str) -> None:
    ours, other = "0b9c6f0e-2f5e-4c0f-9d5a-7f1f1c1d1e1f", "1b9c6f0e-2f5e-4c0f-9d5a-7f1f1c1d1e1f"
    given = replace(approval("workflow", kind), writer=Writer(object_id=ours, sign_in_name=ours))
    assert replace(given, approvers=frozenset({ours})).refusal([ALICE]) is None
    assert "does not list" in str(replace(given, approvers=frozenset({other})).refusal([ALICE]))
    assert "no person" in str(given.refusal([ALICE]))
    unproved = replace(given, approvers=frozenset({ours}), writer=None)
    assert "the activity log was not asked" in str(unproved.refusal([ALICE]))
    own = Author(name="workflow", object_ids=frozenset({ours}))
    assert "who submitted the run" in str(replace(given, approvers=frozenset({ours})).refusal([own]))


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
