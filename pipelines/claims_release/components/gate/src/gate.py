"""Closes unless the verdict passes and the metrics, judged here once more, say the same.

It shares no code with the evaluation on purpose: an evaluation that was changed to say "pass" meets someone
else's arithmetic. Exit codes: 0 open, 1 closed, with one line on stderr per reason.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import sys
from pathlib import Path

import yaml


def is_number(value: object) -> bool:
    """True for a finite number; a bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def reasons_of_metrics(metrics: dict, thresholds: dict) -> list[str]:
    """Judges the metrics again; one reason per threshold that is not reached."""
    if not thresholds:
        return ["thresholds: got none, expected at least one; a gate that checks nothing stays closed"]
    reasons = []
    for name, rule in thresholds.items():
        limits = [key for key in ("at_least", "at_most") if key in rule]
        if len(limits) != 1 or not is_number(rule[limits[0]]):
            reasons.append(f"thresholds.{name}: got {rule}, expected one number under at_least or at_most")
            continue
        value, limit = metrics.get(name), rule[limits[0]]
        if not is_number(value):
            reasons.append(f"{name}: got {value}, expected a number")
        elif limits[0] == "at_least" and value < limit:
            reasons.append(f"{name}: got {value}, expected at least {limit}")
        elif limits[0] == "at_most" and value > limit:
            reasons.append(f"{name}: got {value}, expected at most {limit}")
    return reasons


def reasons_of_verdict(
    verdict: dict, metrics_bytes: bytes, threshold_bytes: bytes, failed: bool
) -> list[str]:
    """Compares the verdict with what was found here; a verdict of other files or other arithmetic is no verdict."""
    reasons = []
    for key, content in (("metrics_sha256", metrics_bytes), ("thresholds_sha256", threshold_bytes)):
        found = hashlib.sha256(content).hexdigest()
        if verdict.get(key) != found:
            reasons.append(f"verdict.{key}: got {verdict.get(key)}, expected {found}; it judges another file")
    if verdict.get("pass") is True and failed:
        reasons.append("verdict.pass: got true, expected false; the metrics do not reach the thresholds")
    if verdict.get("pass") is not True and not failed:
        reasons.append(
            f"verdict.pass: got {verdict.get('pass')}, expected true; it disagrees with its own metrics"
        )
    return reasons


def track(passed: bool, reasons: int) -> None:
    """Logs to MLflow when there is a tracking server; the run's state there is the gate's."""
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        return
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    mlflow.start_run()
    mlflow.log_metrics({"gate_pass": int(passed), "gate_reasons": reasons})
    mlflow.end_run("FINISHED" if passed else "FAILED")


def main() -> int:
    """Reads verdict, metrics and thresholds, says every reason, and opens or closes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--evaluation", type=Path, required=True, help="folder with metrics.json")
    parser.add_argument("--verdict", type=Path, required=True, help="verdict.json")
    parser.add_argument("--thresholds", type=Path, required=True, help="thresholds.yml of the release")
    arguments = parser.parse_args()
    metrics_bytes = (arguments.evaluation / "metrics.json").read_bytes()
    threshold_bytes = arguments.thresholds.read_bytes()
    metrics = json.loads(metrics_bytes)["metrics"]
    thresholds = yaml.safe_load(threshold_bytes)["thresholds"]
    verdict = json.loads(arguments.verdict.read_text(encoding="utf-8"))

    reasons = reasons_of_metrics(metrics, thresholds)
    reasons += reasons_of_verdict(verdict, metrics_bytes, threshold_bytes, failed=bool(reasons))
    for reason in reasons:
        print(f"gate closed: {reason}", file=sys.stderr)
    if reasons:
        print(
            "Next step: read the evaluation's metrics.json and pictures; the model may not be registered.",
            file=sys.stderr,
        )
    else:
        print(f"gate open: {len(thresholds)} of {len(thresholds)} thresholds reached")
    track(not reasons, len(reasons))
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main())
