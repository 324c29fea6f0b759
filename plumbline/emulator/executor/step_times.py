"""When a step went from one phase to the next, and how long each took."""

from __future__ import annotations

import time
from typing import Literal

Mark = Literal["ready", "granted", "prepared", "ran", "ended"]
_PHASES: tuple[tuple[str, Mark, Mark], ...] = (
    ("queued", "ready", "granted"),
    ("preparing", "granted", "prepared"),
    ("running", "prepared", "ran"),
    ("uploading", "ran", "ended"),
)


class StepTimes:
    """The marks of one step; one that did not get as far as a phase has no time for it."""

    def __init__(self) -> None:
        self._marks: dict[Mark, float] = {}

    def mark(self, mark: Mark) -> None:
        """Note that it got there now."""
        self._marks[mark] = time.time()

    def milliseconds(self) -> dict[str, int]:
        """Return `queued_ms`, `preparing_ms`, `running_ms` and `uploading_ms`, as far as it got."""
        return {
            f"{phase}_ms": round(1000 * (self._marks[until] - self._marks[since]))
            for phase, since, until in _PHASES
            if since in self._marks and until in self._marks
        }
