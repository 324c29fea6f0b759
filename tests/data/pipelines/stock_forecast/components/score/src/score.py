"""Measures the mean error and judges it by the limits; the answer is for the step that stops."""

import csv
import hashlib
import json
import re
import sys
from pathlib import Path

model, rows, limits, report, answer = map(Path, sys.argv[1:])
mean = json.loads((model / "mean.json").read_text(encoding="utf-8"))["mean"]
with (rows / "levels.csv").open(encoding="utf-8") as file:
    pieces = [int(row["pieces"]) for row in csv.DictReader(file)]
error = sum(abs(mean - one) for one in pieces) / len(pieces)
report.mkdir(parents=True, exist_ok=True)
scores = json.dumps({"metrics": {"mean_error": error}}).encode()
(report / "scores.json").write_bytes(scores)
limit = float(re.search(r"at_most: ([0-9.]+)", limits.read_text(encoding="utf-8"))[1])
checks = [
    {
        "metric": "mean_error",
        "value": error,
        "direction": "at_most",
        "threshold": limit,
        "pass": error <= limit,
    }
]
verdict = {
    "pass": error <= limit,
    "checks": checks,
    "metrics_sha256": hashlib.sha256(scores).hexdigest(),
    "thresholds_sha256": hashlib.sha256(limits.read_bytes()).hexdigest(),
}
answer.write_text(json.dumps(verdict), encoding="utf-8")
