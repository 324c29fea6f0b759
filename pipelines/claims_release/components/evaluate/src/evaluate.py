"""Measures a model on the holdout and says whether it reaches the thresholds; a bad model is no error here.

So the evidence of a blocked release exists: this step ends 0 whatever the verdict is, and the gate, a step of its
own, fails on it. A metric that cannot be computed is null, and null never passes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from measures import all_metrics, bands, by_group, predict, rate
from pictures import write_pictures
from threadpoolctl import threadpool_limits

DIGITS = 6
SAMPLES = 25


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def plain(value: object) -> object:
    """Rounds numbers, and turns what is no number into null, all the way down."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return round(value, DIGITS) if math.isfinite(value) else None
    return value


def write_json(path: Path, content: object) -> None:
    """Writes JSON that is the same to the byte for the same content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")


def judge(metrics: dict[str, float | None], thresholds: dict[str, dict]) -> list[dict]:
    """One check per threshold; what was not measured does not pass."""
    checks = []
    for name, rule in thresholds.items():
        direction = "at_least" if "at_least" in rule else "at_most"
        value, limit = metrics.get(name), rule[direction]
        passed = value is not None and (value >= limit if direction == "at_least" else value <= limit)
        checks.append(
            {"metric": name, "value": value, "direction": direction, "threshold": limit, "pass": passed}
        )
    return checks


def track(metrics: dict, passed: bool, pictures: list[Path]) -> None:
    """Logs to MLflow when there is a tracking server, as in Azure ML; by hand there is none."""
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        return
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    with mlflow.start_run():
        mlflow.log_metrics({name: value for name, value in metrics.items() if value is not None})
        mlflow.log_metric("verdict_pass", int(passed))
        for picture in pictures:
            mlflow.log_artifact(str(picture), "pictures")


def main() -> int:
    """Reads model, holdout, groups and thresholds; writes the evaluation folder and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="folder with model.json and baseline.json")
    parser.add_argument("--holdout", type=Path, required=True, help="folder with holdout.csv")
    parser.add_argument("--groups", type=Path, required=True, help="folder with groups.csv and groups.json")
    parser.add_argument("--thresholds", type=Path, required=True, help="thresholds.yml of the release")
    parser.add_argument("--minimum-group-rows", type=int, default=200, help="smaller groups are not judged")
    parser.add_argument("--evaluation", type=Path, required=True, help="folder to write")
    parser.add_argument("--verdict", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args()
    model = json.loads((arguments.model / "model.json").read_text(encoding="utf-8"))
    baseline = json.loads((arguments.model / "baseline.json").read_text(encoding="utf-8"))
    holdout = pd.read_csv(arguments.holdout / "holdout.csv")
    groups = holdout[["row"]].merge(pd.read_csv(arguments.groups / "groups.csv"), on="row", validate="1:1")
    judged = json.loads((arguments.groups / "groups.json").read_text(encoding="utf-8"))
    thresholds = yaml.safe_load(arguments.thresholds.read_text(encoding="utf-8"))["thresholds"]

    paid = holdout["claim_cost"].to_numpy()
    with threadpool_limits(limits=1), np.errstate(all="ignore"):
        predicted, rated = predict(model, holdout), rate(baseline, holdout)
        group_table = by_group(paid, predicted, groups, judged, arguments.minimum_group_rows)
        metrics = plain(all_metrics(paid, predicted, rated, baseline["overall_mean"], group_table))
        band_table = bands(paid, predicted, rated)

    folder = arguments.evaluation
    folder.mkdir(parents=True, exist_ok=True)
    write_json(
        folder / "metrics.json",
        {
            "schema_version": 1,
            "rows": len(holdout),
            "metrics": metrics,
            "baseline": baseline["kind"],
            "groups": plain(group_table),
            "inputs": {
                "model.json": sha256(arguments.model / "model.json"),
                "baseline.json": sha256(arguments.model / "baseline.json"),
                "holdout.csv": sha256(arguments.holdout / "holdout.csv"),
            },
        },
    )
    checks = judge(metrics, thresholds)
    passed = bool(checks) and all(check["pass"] for check in checks)
    write_json(
        arguments.verdict,
        {
            "schema_version": 1,
            "pass": passed,
            "checks": checks,
            "metrics_sha256": sha256(folder / "metrics.json"),
            "thresholds_sha256": sha256(arguments.thresholds),
        },
    )
    predictions = pd.DataFrame(
        {"row": holdout["row"], "paid": paid, "predicted": predicted, "baseline": rated}
    )
    predictions.to_csv(folder / "predictions.csv", index=False, float_format="%.4f", lineterminator="\n")
    ranks = np.linspace(0, len(holdout) - 1, SAMPLES).round().astype(int)
    samples = predictions.iloc[np.argsort(predicted, kind="stable")[ranks]]
    samples.to_csv(folder / "sample_predictions.csv", index=False, float_format="%.4f", lineterminator="\n")
    pictures = write_pictures(folder, band_table, paid, predicted)

    for check in checks:
        sign = ">=" if check["direction"] == "at_least" else "<="
        print(
            f"{'pass' if check['pass'] else 'FAIL'}  {check['metric']}  {check['value']} {sign} {check['threshold']}"
        )
    print(f"verdict: {'pass' if passed else 'fail'}; evaluation is complete either way")
    track(metrics, passed, pictures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
