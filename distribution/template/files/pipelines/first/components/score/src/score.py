"""Writes a score for every row."""

import argparse
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, required=True)
parser.add_argument("--scores", type=Path, required=True)
arguments = parser.parse_args()
arguments.scores.mkdir(parents=True, exist_ok=True)
lines = [f"{row},{row / arguments.rows}" for row in range(arguments.rows)]
(arguments.scores / "scores.csv").write_text("row,score\n" + "\n".join(lines) + "\n", encoding="utf-8")
