"""Learns the mean of the levels."""

import csv
import json
import sys
from pathlib import Path

rows, model = map(Path, sys.argv[1:])
with (rows / "levels.csv").open(encoding="utf-8") as file:
    pieces = [int(row["pieces"]) for row in csv.DictReader(file)]
model.mkdir(parents=True, exist_ok=True)
(model / "mean.json").write_text(json.dumps({"mean": sum(pieces) / len(pieces)}), encoding="utf-8")
