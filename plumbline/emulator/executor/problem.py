"""What Azure refuses a job for: collected while a job is planned, so that every problem is told at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that Azure refuses a job for: where, and what.

    Args:
        unknown_compute: Name of the compute target that does not exist, where that is the problem.
        modelled: False for what Azure would take and the executor does not run.
    """

    place: str
    message: str
    unknown_compute: str = ""
    modelled: bool = True


@dataclass(kw_only=True)
class Problems:
    """The problems of one job, in the order in which they were found."""

    found: list[Problem] = field(default_factory=list)

    def add(self, place: str, message: str, *, modelled: bool = True) -> None:
        """Note one."""
        self.found.append(Problem(place=place, message=message, modelled=modelled))

    def report(self, place: str, messages: Iterable[str]) -> None:
        """Note several of one place."""
        self.found += [Problem(place=place, message=message) for message in messages]
