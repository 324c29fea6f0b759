"""What can be wrong with definitions.

DefinitionErrors (the user's: every problem of every file at once)
    holds Problem rows: file, line, field, got, expected, next step
"""

from __future__ import annotations

import dataclasses
from typing import Literal


@dataclasses.dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One thing that is wrong, or doubtful, in one place of one definition file.

    Attributes:
        file: Path of the file, relative to the project's root, with forward slashes.
        line: Line in that file, from 1; 0 when the file as a whole is meant.
        field: Dotted path of the field (``inputs.learning_rate.type``); empty for the whole file.
        got: What was found, as the reader would write it.
        expected: The rule that it breaks.
        next_step: What to do about it; may be empty when the rule says it all.
        severity: ``error`` stops the program, ``warning`` is shown.
    """

    file: str
    line: int
    field: str
    got: str
    expected: str
    next_step: str = ""
    severity: Literal["error", "warning"] = dataclasses.field(default="error", compare=False)

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        what = f"{where}: {self.field}" if self.field else where
        text = f"{what}: got {self.got}, expected {self.expected}."
        return f"{text} {self.next_step}".rstrip()


class DefinitionErrors(ValueError):
    """Every error of every definition file that was read, sorted by file and line.

    Attributes:
        problems: The errors; warnings are never in here.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
