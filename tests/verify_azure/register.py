"""docs/reference/assumptions.yaml: its rows, how each is checked, and how many stand on what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

REGISTER = Path(__file__).resolve().parents[2] / "docs" / "reference" / "assumptions.yaml"
STATUSES = ("recorded", "documented", "seen-from-client", "assumed")
# A row without `check` has one here. The others say in `how` what a person does, or why there is nothing to ask.
CHECKED_OTHERWISE = ("by hand", "nothing to ask")


def register() -> dict[str, Any]:
    """The whole file."""
    found: dict[str, Any] = yaml.load(REGISTER.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return found


def rows() -> list[dict[str, Any]]:
    """The rows, in the file's order."""
    found: list[dict[str, Any]] = register()["assumptions"]
    return found


def count(of: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Status -> how many rows have it."""
    found = Counter(row["status"] for row in of)
    return {status: found[status] for status in STATUSES}
