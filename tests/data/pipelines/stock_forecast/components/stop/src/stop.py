"""Fails unless the answer is yes."""

import json
import sys
from pathlib import Path

_, answer, _ = map(Path, sys.argv[1:])
sys.exit(0 if json.loads(answer.read_text(encoding="utf-8"))["pass"] is True else 1)
