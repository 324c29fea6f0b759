"""Protects the claims release's steps as they run by hand: same bytes twice, bad data refused, and a gate that closes."""

from __future__ import annotations

import ast
import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

PIPELINE = Path(__file__).parents[2] / "pipelines" / "claims_release"
THRESHOLDS = PIPELINE / "thresholds.yml"
PROTECTED = {"female", "race_black_share", "age", "household_income", "sex", "race", "income", "child"}


def run(step: str, *options: object, script: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a step's script as the pipeline does, without a tracking server."""
    script = script or PIPELINE / "components" / step / "src" / f"{step}.py"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return subprocess.run(
        [sys.executable, str(script), *map(str, options)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def features(claims: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return run(
        "features",
        "--claims",
        claims,
        "--holdout-share",
        0.25,
        "--large-loss-cap",
        5000,
        "--training",
        folder / "training",
        "--holdout",
        folder / "holdout",
        "--groups",
        folder / "groups",
    )


def train(prepared: Path, folder: Path, script: Path | None = None) -> subprocess.CompletedProcess[str]:
    return run(
        "train",
        "--training",
        prepared / "training",
        "--alpha",
        0.01,
        "--model",
        folder / "model",
        script=script,
    )


def evaluate(prepared: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return run(
        "evaluate",
        "--model",
        folder / "model",
        "--holdout",
        prepared / "holdout",
        "--groups",
        prepared / "groups",
        "--thresholds",
        THRESHOLDS,
        "--evaluation",
        folder / "evaluation",
        "--verdict",
        folder / "verdict",
    )


def gate(folder: Path, thresholds: Path = THRESHOLDS) -> subprocess.CompletedProcess[str]:
    return run(
        "gate",
        "--evaluation",
        folder / "evaluation",
        "--verdict",
        folder / "verdict",
        "--thresholds",
        thresholds,
    )


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def metrics(folder: Path) -> dict[str, float]:
    content: dict[str, float] = json.loads((folder / "evaluation" / "metrics.json").read_text())["metrics"]
    return content


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole chain over the data in git, once."""
    folder = tmp_path_factory.mktemp("released")
    steps = [
        run(
            "validate",
            "--claims",
            PIPELINE / "data" / "files",
            "--validated",
            folder / "validated",
            "--report",
            folder / "validation.json",
        ),
        features(folder / "validated", folder),
        train(folder, folder),
        evaluate(folder, folder),
    ]
    for step in steps:
        assert step.returncode == 0, step.stderr
    return folder


@pytest.fixture
def copy(released: Path, tmp_path: Path) -> Path:
    """The released evaluation and verdict, to be tampered with."""
    shutil.copytree(released / "evaluation", tmp_path / "evaluation")
    shutil.copy(released / "verdict", tmp_path / "verdict")
    return tmp_path


def test_released_model_reaches_every_threshold_and_the_gate_opens(released: Path) -> None:
    verdict = json.loads((released / "verdict").read_text())
    assert verdict["pass"] is True
    assert all(check["pass"] for check in verdict["checks"])
    opened = gate(released)
    assert opened.returncode == 0, opened.stderr


def test_thresholds_file_states_what_is_really_measured(released: Path) -> None:
    stated = yaml.safe_load(THRESHOLDS.read_text())["thresholds"]
    measured = metrics(released)
    assert {name: rule["measured"] for name, rule in stated.items()} == pytest.approx(
        {name: measured[name] for name in stated}, abs=0.0006
    )


def test_second_run_gives_the_same_bytes_of_everything(released: Path, tmp_path: Path) -> None:
    assert features(released / "validated", tmp_path).returncode == 0
    assert train(tmp_path, tmp_path).returncode == 0
    assert evaluate(tmp_path, tmp_path).returncode == 0
    first = digests(released)
    assert digests(tmp_path) == {name: first[name] for name in digests(tmp_path)}
    assert {"model/model.json", "evaluation/metrics.json", "evaluation/lift.png", "verdict"} <= set(first)


def test_model_sees_no_protected_attribute_and_no_holdout(released: Path) -> None:
    model = json.loads((released / "model" / "model.json").read_text())
    assert not PROTECTED & {feature["name"] for feature in model["features"]}
    for name in ("training/train.csv", "holdout/holdout.csv"):
        with (released / name).open() as text:
            assert not PROTECTED & set(next(csv.reader(text)))
    assert [path.name for path in sorted((released / "training").iterdir())] == ["features.json", "train.csv"]


def test_no_household_is_in_training_and_in_the_holdout(released: Path) -> None:
    with (released / "validated" / "claims.csv").open() as text:
        contract = {row["person"]: row["contract"] for row in csv.DictReader(text)}
    contracts = []
    for name in ("training/train.csv", "holdout/holdout.csv"):
        with (released / name).open() as text:
            contracts.append({contract[row["row"].split("-")[0]] for row in csv.DictReader(text)})
    assert all(contracts)
    assert not contracts[0] & contracts[1]


def test_evaluation_has_groups_pictures_their_data_and_samples(released: Path) -> None:
    folder = released / "evaluation"
    content = json.loads((folder / "metrics.json").read_text())
    assert {entry["attribute"] for entry in content["groups"]} == {"sex", "race", "age", "income"}
    assert content["rows"] == sum(entry["rows"] for entry in content["groups"] if entry["attribute"] == "sex")
    for plot in json.loads((folder / "plots.json").read_text()):
        assert (folder / plot["picture"]).read_bytes().startswith(b"\x89PNG")
        with (folder / plot["data"]).open() as text:
            columns = next(csv.reader(text))
        assert {plot["x"], *plot["y"]} <= set(columns)
    assert len((folder / "sample_predictions.csv").read_text().splitlines()) == 26


@pytest.mark.parametrize(
    ("old", "new", "closed_by"),
    [
        ("alpha=alpha, solver", "alpha=1e6, solver", {"d2_gamma", "decile_calibration_error"}),
        (
            'target = training["claim_cost"].to_numpy()',
            'target = np.random.default_rng(0).permutation(training["claim_cost"].to_numpy())',
            {"d2_gamma", "gini"},
        ),
    ],
    ids=["penalty of a million", "shuffled targets"],
)
def test_weaker_training_is_evaluated_to_the_end_and_the_gate_closes(
    released: Path, tmp_path: Path, old: str, new: str, closed_by: set[str]
) -> None:
    script = PIPELINE / "components" / "train" / "src" / "train.py"
    assert script.read_text().count(old) == 1
    weaker = tmp_path / "train.py"
    weaker.write_text(script.read_text().replace(old, new))
    assert train(released, tmp_path, script=weaker).returncode == 0
    evaluated = evaluate(released, tmp_path)
    assert evaluated.returncode == 0, evaluated.stderr
    assert (tmp_path / "evaluation" / "residuals.png").is_file()
    verdict = json.loads((tmp_path / "verdict").read_text())
    assert verdict["pass"] is False
    failing = {check["metric"] for check in verdict["checks"] if not check["pass"]}
    assert closed_by <= failing
    closed = gate(tmp_path)
    assert closed.returncode == 1
    reasons = [line for line in closed.stderr.splitlines() if line.startswith("gate closed: ")]
    assert {reason.split(": ")[1] for reason in reasons} == failing
    assert "Traceback" not in closed.stderr


def test_broken_weights_are_measured_as_null_and_close_the_gate(released: Path, tmp_path: Path) -> None:
    shutil.copytree(released / "model", tmp_path / "model")
    model = json.loads((tmp_path / "model" / "model.json").read_text())
    model["intercept"] = float("nan")
    (tmp_path / "model" / "model.json").write_text(json.dumps(model))
    evaluated = evaluate(released, tmp_path)
    assert evaluated.returncode == 0, evaluated.stderr
    assert metrics(tmp_path)["d2_gamma"] is None
    closed = gate(tmp_path)
    assert closed.returncode == 1
    assert "d2_gamma: got None, expected a number" in closed.stderr


def edit(path: Path, change: Callable[[dict], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


def worsen(content: dict) -> None:
    content["metrics"]["d2_gamma"] = 0.01


def test_gate_closes_on_a_verdict_that_says_pass_over_bad_metrics(copy: Path) -> None:
    edit(copy / "evaluation" / "metrics.json", worsen)
    # A thorough liar: the digest is that of the bad metrics.
    found = hashlib.sha256((copy / "evaluation" / "metrics.json").read_bytes()).hexdigest()
    edit(copy / "verdict", lambda verdict: verdict.update({"pass": True, "metrics_sha256": found}))
    closed = gate(copy)
    assert closed.returncode == 1
    assert "gate closed: d2_gamma: got 0.01, expected at least 0.08" in closed.stderr
    assert "verdict.pass: got true, expected false" in closed.stderr


def test_gate_closes_on_metrics_changed_after_the_verdict(copy: Path) -> None:
    edit(copy / "evaluation" / "metrics.json", lambda content: content["metrics"].update({"d2_gamma": 0.9}))
    closed = gate(copy)
    assert closed.returncode == 1
    assert "verdict.metrics_sha256" in closed.stderr


def test_gate_closes_on_a_verdict_of_other_thresholds(copy: Path) -> None:
    lower = copy / "lower.yml"
    lower.write_text(THRESHOLDS.read_text().replace("at_least: 0.08", "at_least: 0.01"))
    closed = gate(copy, thresholds=lower)
    assert closed.returncode == 1
    assert "verdict.thresholds_sha256" in closed.stderr


@pytest.mark.parametrize(
    "thresholds", ["thresholds: {}", "thresholds: {d2_gamma: {}}", "thresholds: {typo: {at_least: 1}}"]
)
def test_gate_that_checks_nothing_stays_closed(copy: Path, thresholds: str) -> None:
    empty = copy / "empty.yml"
    empty.write_text(thresholds)
    found = hashlib.sha256(empty.read_bytes()).hexdigest()
    edit(copy / "verdict", lambda verdict: verdict.update({"thresholds_sha256": found}))
    assert gate(copy, thresholds=empty).returncode == 1


def test_bad_rows_are_refused_all_at_once_with_column_value_and_line(tmp_path: Path) -> None:
    lines = (PIPELINE / "data" / "files" / "claims.csv").read_text().splitlines()
    names = lines[0].split(",")

    def put(line: int, column: str, value: str) -> None:
        cells = lines[line - 1].split(",")
        cells[names.index(column)] = value
        lines[line - 1] = ",".join(cells)

    put(10, "medical_spend", "-5.00")
    put(20, "year", "nine")
    put(30, "self_rated_health", "so-so")
    put(40, "age", "")
    (tmp_path / "claims.csv").write_text("\n".join(lines) + "\n")
    refused = run(
        "validate",
        "--claims",
        tmp_path,
        "--validated",
        tmp_path / "validated",
        "--report",
        tmp_path / "report.json",
    )
    assert refused.returncode == 1
    assert "claims.csv: column medical_spend: got '-5.00'" in refused.stderr
    assert "(first at line 10)" in refused.stderr
    assert "column year: got 'nine'" in refused.stderr
    assert "column self_rated_health: got 'so-so'" in refused.stderr
    assert "column age: got 1 missing values, expected none (first at line 40)" in refused.stderr
    assert "Traceback" not in refused.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["pass"] is False
    assert len(report["problems"]) == 4
    assert not (tmp_path / "validated").exists()


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda lines: [*lines, lines[1]], "got 1 duplicates, expected each person and year once"),
        (
            lambda lines: [lines[0], lines[1].replace("125024,125024", "125024,7"), *lines[2:]],
            "got 1 persons in several contracts",
        ),
        (lambda lines: lines[:1000], "rows: got 999, expected at least 5000"),
        (lambda lines: [line.rsplit(",", 1)[0] for line in lines], "column household_income: got nothing"),
        (
            lambda lines: [lines[0], *(cents(line) for line in lines[1:])],
            "target mean_claim_capped_5000: got 2",
        ),
    ],
    ids=["duplicate", "contract changed", "half-loaded", "column missing", "another currency"],
)
def test_data_spoiled_as_a_whole_are_refused(
    tmp_path: Path, spoil: Callable[[list[str]], list[str]], problem: str
) -> None:
    lines = (PIPELINE / "data" / "files" / "claims.csv").read_text().splitlines()
    (tmp_path / "claims.csv").write_text("\n".join(spoil(lines)) + "\n")
    refused = run(
        "validate",
        "--claims",
        tmp_path,
        "--validated",
        tmp_path / "validated",
        "--report",
        tmp_path / "report.json",
    )
    assert refused.returncode == 1
    assert problem in refused.stderr


def cents(line: str) -> str:
    cells = line.split(",")
    cells[13] = f"{float(cells[13]) / 100:.2f}"  # medical_spend
    return ",".join(cells)


def test_data_in_git_are_those_that_the_provenance_names() -> None:
    content = (PIPELINE / "data" / "files" / "claims.csv").read_bytes()
    assert hashlib.sha256(content).hexdigest() in (PIPELINE / "data" / "PROVENANCE.md").read_text()
    assert b"\r" not in content


def test_scripts_import_neither_pulumi_nor_plumbline() -> None:
    for script in PIPELINE.rglob("*.py"):
        for node in ast.walk(ast.parse(script.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] in {"plumbline", "pulumi", "azure"}], (
                script
            )
