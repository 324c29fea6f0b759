"""What a check found out about one row of the register."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["confirmed", "contradicted", "not checked"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A verdict, and the sentence that says what was seen (or why nothing was)."""

    verdict: Verdict
    seen: str


# What reading an answer of an unexpected form raises.
ODD_ANSWERS = (KeyError, TypeError, IndexError, AttributeError, ValueError)


class NotChecked(Exception):
    """The check cannot be made here; the message says why."""


def holds(condition: bool, seen: str) -> Finding:
    """Confirmed when the condition holds, else contradicted; `seen` is a sentence either way."""
    return Finding(verdict="confirmed" if condition else "contradicted", seen=seen)
