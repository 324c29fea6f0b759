"""Copies the levels."""

import shutil
import sys
from pathlib import Path

levels, rows = map(Path, sys.argv[1:])
rows.mkdir(parents=True, exist_ok=True)
shutil.copy(levels / "levels.csv", rows / "levels.csv")
