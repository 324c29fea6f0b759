"""When each finding was seen first and last on this machine: `.plumbline/drift/<stack>.json`.

Kept locally, so a machine that starts empty (a nightly job's) has seen everything for the first time; the change's own time
is in `when`, where Azure knows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from plumbline.azure.moment import second


def mark_seen(
    project: Path, stack: str, fingerprints: Iterable[str], now: datetime
) -> dict[str, tuple[str, str]]:
    """Note the findings of a check; answers first and last time of each. What is gone is forgotten."""
    file = project / ".plumbline" / "drift" / f"{stack}.json"
    before = _read(file)
    at = second(now) or ""
    after = {one: (before.get(one, (at, at))[0], at) for one in fingerprints}
    if after or before:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(json.dumps(after, indent=1), encoding="utf-8")
        new.replace(file)
    return after


def _read(file: Path) -> dict[str, tuple[str, str]]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): (str(first), str(last)) for key, (first, last) in found.items()}
