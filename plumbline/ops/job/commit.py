"""The git commit that a job is submitted from."""

from __future__ import annotations

import subprocess
from pathlib import Path

UNKNOWN = "unknown"


def source_commit(folder: Path) -> str:
    """The commit checked out in a folder, with `+dirty` when files differ from it; `unknown` outside of git."""
    head = _git(folder, "rev-parse", "HEAD")
    if head is None:
        return UNKNOWN
    return f"{head}+dirty" if _git(folder, "status", "--porcelain") else head


def _git(folder: Path, *words: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", *words], cwd=folder, check=False, capture_output=True, text=True, timeout=30
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
