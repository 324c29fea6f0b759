"""The verdict of a release's gate: which thresholds a run missed, as its own `verdict` output says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plumbline.assets.contract import GateContract
from plumbline.ops.errors import UserError
from plumbline.ops.job.datastore_files import DatastoreFiles
from plumbline.ops.json_document import read_json
from plumbline.ops.run_history import RunHistory, StepRun

_WORDS = {"at_least": "at least", "at_most": "at most"}


@dataclass(frozen=True, kw_only=True)
class Check:
    """One threshold of a verdict; `value` is None when the metric could not be measured."""

    metric: str
    value: float | None
    direction: str
    threshold: float
    passed: bool

    @property
    def limit(self) -> str:
        """The threshold in words: `at least 0.08`."""
        return f"{_WORDS.get(self.direction, self.direction)} {self.threshold}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the evaluation said."""

    passed: bool
    checks: tuple[Check, ...]

    @property
    def missed(self) -> tuple[Check, ...]:
        """The thresholds that were not reached."""
        return tuple(check for check in self.checks if not check.passed)


def find_verdict(
    history: RunHistory, files: DatastoreFiles, steps: Sequence[StepRun], contract: GateContract | None
) -> Verdict | None:
    """The run's own verdict; None when nothing says where it is, or the run got no so far.

    Raises: UserError: it is there, but cannot be read.
    """
    wanted = contract.verdict if contract else None
    source = next((step for step in steps if wanted and step.step == wanted.step), None)
    if wanted is None or source is None or source.status != "Completed":
        return None
    uri = history.outputs(source.name).get(wanted.output)
    return read_verdict(files.read(uri), uri) if uri else None


def read_verdict(content: bytes, where: str) -> Verdict:
    """A verdict from its file. Raises: UserError: it is not a verdict."""
    try:
        document = read_json(content)
        checks = tuple(
            Check(
                metric=str(row["metric"]),
                value=row["value"],
                direction=str(row["direction"]),
                threshold=row["threshold"],
                passed=row["pass"] is True,
            )
            for row in document["checks"]
        )
        return Verdict(passed=document["pass"] is True, checks=checks)
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{where}: got no verdict ({type(error).__name__}: {error}), expected pass and checks as JSON. "
            "Look at the step that writes it."
        ) from error
