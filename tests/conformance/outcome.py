"""What one test of somebody else's suite, or one operation of somebody else's client, came to: a line of JSON each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Result = Literal["passed", "not_modelled", "failed", "untried", "skipped"]
RESULTS: tuple[Result, ...] = ("passed", "not_modelled", "failed", "untried", "skipped")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One line of a result file.

    Args:
        area: What the page counts by, for instance "component" or "role assignment".
        name: Names the test, operation or command within its suite; stable from run to run.
        result: passed; not_modelled, a 501 that names what is missing; failed; untried, its files were not given;
            skipped, by the suite's own marks.
        why: What went wrong or why it was skipped; empty when it passed.
        answers: The last answers from 400 up that it got, each with method, path, status, code and message.
    """

    area: str
    name: str
    result: Result
    seconds: float = 0.0
    why: str = ""
    answers: tuple[Mapping[str, Any], ...] = field(default=())

    def line(self) -> str:
        """The JSON line, with its line end."""
        return json.dumps(asdict(self)) + "\n"


def write(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Replaces a result file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(outcome.line() for outcome in outcomes), encoding="utf-8")


def read(*paths: Path) -> Iterator[Outcome]:
    """The outcomes of result files; of a name that occurs twice the last one stays."""
    found: dict[str, Outcome] = {}
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            content = json.loads(line)
            outcome = Outcome(**{**content, "answers": tuple(content["answers"])})
            found[outcome.name] = outcome
    yield from found.values()
