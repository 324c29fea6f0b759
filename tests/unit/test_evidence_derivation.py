"""Protects what evidence is made of: bytes of copies in, parts of the document out, whatever a step wrote into them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plumbline.assets import load_ml_pipelines, resolved_job
from plumbline.ops.evidence.evaluation import EvaluationFiles, evaluation_names
from plumbline.ops.evidence.problem import problems_of
from plumbline.ops.evidence.submitted_job import job_copy, parameters_of
from plumbline.ops.evidence.verdict_entry import Account, verdict_entry
from plumbline.ops.job.digest import job_digest
from plumbline.ops.release.digest import sha256

ROOT = Path(__file__).parents[2]
CONTRACT = (ROOT / "pipelines" / "claims_release" / "release.yml").read_bytes()
METRICS = b'{"metrics": {"gini": 0.5}}'
THRESHOLDS = b"thresholds: {gini: {at_least: 0.4, why: because}}"


def verdict_of(passed: bool) -> bytes:
    check = {"metric": "gini", "value": 0.5, "direction": "at_least", "threshold": 0.4, "pass": True}
    return json.dumps(
        {
            "pass": passed, "checks": [check], "metrics_sha256": sha256(METRICS), "thresholds_sha256": sha256(THRESHOLDS),
        }
    ).encode()  # fmt: skip


SOUND = Account(
    metrics=METRICS,
    thresholds=THRESHOLDS,
    verdict=verdict_of(True),
    reference="limits:1",
    has_model=True,
    status="Completed",
    gate="Completed",
    steps=[{"name": "train", "status": "Completed"}],
    problems=[],
)


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, "passed"),
        ({"verdict": verdict_of(False)}, "disputed"),
        ({"verdict": b"{"}, "disputed"),
        ({"verdict": None}, "disputed"),
        ({"has_model": False}, "disputed"),
        ({"gate": None}, "disputed"),
        ({"gate": "Failed"}, "disputed"),
        ({"status": "Failed"}, "disputed"),
        ({"problems": ["something"]}, "disputed"),
        ({"metrics": b'{"metrics": {"gini": 0.3}}'}, "blocked"),
        ({"thresholds": b"thresholds: {}"}, "blocked"),
        ({"metrics": None}, "not judged"),
        ({"metrics": b"[]"}, "not judged"),
        ({"thresholds": b"- a"}, "not judged"),
    ],
)
def test_an_outcome_follows_from_the_files_and_the_run(change: dict[str, Any], outcome: str) -> None:
    found = verdict_entry(replace(SOUND, **change))
    assert found["outcome"] == outcome
    assert found["pass"] is (outcome == "passed")
    assert found["run_agrees"] is (
        outcome == "passed" or not {"verdict", "metrics", "thresholds"} & set(change)
    )


def test_a_run_that_measured_nothing_names_the_step_that_failed() -> None:
    account = replace(SOUND, metrics=None, steps=[{"name": "train", "status": "Failed"}], status="Failed")
    assert verdict_entry(account)["sentence"] == "Nothing was measured: step train failed."


def test_numbers_that_json_does_not_have_are_null() -> None:
    found = EvaluationFiles(
        {"metrics.json": b'{"metrics": {"a": NaN, "b": 1}, "groups": [{"x": Infinity}, 3]}'}
    )
    assert found.metrics == {"a": None, "b": 1}
    assert found.groups == [{"x": None}]
    assert json.dumps(found.metrics, allow_nan=False)


def test_a_plot_cannot_name_a_copy_that_is_not_the_evaluations() -> None:
    names = (
        "thresholds.yml",
        "verdict.json",
        "release.yml",
        "job.json",
        "requirements-0.lock",
        "../x",
        "lift.csv",
    )
    index = json.dumps([{"name": "p", "x": "a", "y": ["b"], "data": name} for name in names]).encode()
    assert evaluation_names(index) == ["metrics.json", "sample_predictions.csv", "plots.json", "lift.csv"]
    found = EvaluationFiles({"plots.json": index, "thresholds.yml": b"a,b\n1,2\n", "lift.csv": b"a,b\n1,2\n"})
    assert len(found.plots) == 1
    assert len(found.notes) == 6


@pytest.mark.parametrize("name", ["sample_predictions.csv", "lift.csv"])
def test_a_csv_that_cannot_be_read_is_noted(name: str) -> None:
    index = json.dumps([{"name": "p", "x": "a", "y": ["b"], "data": "lift.csv"}]).encode()
    found = EvaluationFiles({"plots.json": index, "lift.csv": b"a,b\n1,2\n", name: b"a,b\n" + b"1" * 200_000})
    assert any("field larger than" in note for note in found.notes)


@pytest.fixture(scope="module")
def claims() -> dict[str, Any]:
    return resolved_job(load_ml_pipelines([ROOT / "pipelines" / "claims_release"], root=ROOT)[0])


def test_the_copy_of_a_job_has_its_digest_and_none_of_its_labels(claims: dict[str, Any]) -> None:
    copy = job_copy(claims)
    assert job_digest(json.loads(copy)) == job_digest(claims)
    assert parameters_of(json.loads(copy)) == parameters_of(claims)
    renamed = {**claims, "display_name": "Other", "tags": {"a": "b"}}
    written = {name: {**value, "path": "azureml://x"} for name, value in claims["outputs"].items()}
    assert job_copy({**renamed, "outputs": written}) == copy


def evidence(**parts: Any) -> dict[str, Any]:
    record = {"model": {"model.json": "a" * 64}, "components": {}}
    return {"record": {**record, **parts.pop("record", {})}, "steps": [], "data": [], **parts}


H = "b" * 64
MATCHING = f"h1{H[:16]}"


@pytest.mark.parametrize(
    ("document", "copies", "named"),
    [
        (evidence(), {}, None),
        (evidence(record={"model": None}), {}, None),
        (evidence(record={"model": {}}), {}, "model: got no file"),
        (evidence(), {"metrics.json": b"[]"}, "metrics.json: got no mapping"),
        (evidence(), {"thresholds.yml": b"[]"}, "thresholds.yml: got no mapping"),
        (evidence(), {"metrics.json": b'{"metrics": {}, "inputs": {"model.json": "b"}}'}, "of which metrics.json speaks"),
        (evidence(), {"metrics.json": b'{"metrics": {}, "inputs": {"other.json": "b"}}'}, None),
        (evidence(data=[{"name": "d", "version": MATCHING, "content_hash": H}]), {}, None),
        (evidence(data=[{"name": "d", "version": MATCHING, "content_hash": "0" * 64}]), {}, "data d:h1bbbb"),
        (evidence(data=[{"name": "d", "version": "1", "content_hash": "0" * 64}]), {}, None),
        (evidence(data=[{"name": "d", "version": "1", "content_hash": None}]), {}, "data d:1: got content None"),
    ],
)  # fmt: skip
def test_a_problem_that_can_be_seen_in_the_folder_is_seen(
    claims: dict[str, Any], document: dict[str, Any], copies: dict[str, bytes], named: str | None
) -> None:
    found = problems_of(document, {"job.json": job_copy(claims), "release.yml": CONTRACT, **copies})
    assert found == [] if named is None else named in found[0]


@pytest.mark.parametrize(
    ("environment", "content", "seen"),
    [
        (f"e:{MATCHING}", H, False),
        (f"e:{MATCHING}", "0" * 64, True),
        ("e:1", "0" * 64, False),
        ("e:1", None, True),
    ],
)
def test_a_component_must_follow_from_its_content_unless_it_names_a_declared_version(
    claims: dict[str, Any], environment: str, content: str | None, seen: bool
) -> None:
    component = {"component": f"c:{MATCHING}", "content_hash": content, "code_hash": None}
    steps = [{"name": "train", "environment": environment}]
    document = evidence(record={"components": {"train": component}}, steps=steps)
    assert bool(problems_of(document, {"job.json": job_copy(claims), "release.yml": CONTRACT})) is seen


def test_problems_of_the_graph_are_seen(claims: dict[str, Any]) -> None:
    job = {**claims, "jobs": {name: node for name, node in claims["jobs"].items() if name != "gate"}}
    assert "no step gate" in problems_of(evidence(), {"job.json": job_copy(job), "release.yml": CONTRACT})[0]
    inputs = {**claims["inputs"], "claims": {"type": "uri_folder", "path": "azureml://datastores/x/paths/y"}}
    copies = {"job.json": job_copy({**claims, "inputs": inputs}), "release.yml": CONTRACT}
    found = problems_of(evidence(), copies)
    assert found == ["inputs.claims: got azureml://datastores/x/paths/y, expected a registered data asset"]


@pytest.mark.parametrize("content", [None, b"", b"gate: {step: gate}", b"- a", b"a: ["])
def test_without_a_contract_that_can_be_read_nothing_is_released(
    claims: dict[str, Any], content: bytes | None
) -> None:
    copies = {"job.json": job_copy(claims), **({"release.yml": content} if content is not None else {})}
    document = evidence(record={"pipeline": "claims_release"})
    assert (
        "release.yml: got none of pipeline claims_release that can be read"
        in problems_of(document, copies)[0]
    )
