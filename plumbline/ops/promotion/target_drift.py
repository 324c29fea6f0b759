"""What `plumbline drift` finds of a stack, asked as a person would ask: its rules are its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from plumbline.ops.errors import FOUND, UserError


def drift_of(project: Path, stack: str) -> list[str]:
    """A line for each finding that nobody accepted: resource, field, desired and live. Raises: UserError: it cannot be asked."""
    program = Path(sys.executable).parent / "plumbline"
    answer = subprocess.run(
        [str(program), "drift", "--stack", stack, "--output", "json"],
        cwd=project,
        check=False,
        capture_output=True,
        text=True,
    )
    if answer.returncode == 0:
        return []
    if answer.returncode != FOUND:
        raise UserError(f"stack {stack}: drift: got no answer, expected one.\n{answer.stderr.strip()}")
    found = json.loads(answer.stdout)["findings"]
    return [
        f"{one.get('resource')}: {one.get('field')}: {json.dumps(one.get('live'))}, desired "
        f"{json.dumps(one.get('desired'))}, by {one.get('who') or 'unknown'}"
        for one in found
        if one.get("accepted") is None or one["accepted"]["expired"]
    ]
