"""The verdict as evidence tells it: what came out, every threshold, and whether the run's own account agrees.

Pure, over bytes: the same when evidence is written and when it is verified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from plumbline.ops.json_document import read_json
from plumbline.ops.release.judgement import Judgement, differences, judge, read_metrics, read_thresholds

PASSED, BLOCKED, DISPUTED, NOT_JUDGED = "passed", "blocked", "disputed", "not judged"


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a verdict follows from.

    Attributes:
        verdict: The run's own, which is compared and never believed.
        reference: Of the thresholds' data asset.
        gate: Status of the gate step, None when it did not run.
        steps: As the evidence has them.
        problems: What else is not as a release needs it.
    """

    metrics: bytes | None
    thresholds: bytes | None
    verdict: bytes | None
    reference: str | None
    has_model: bool
    status: str
    gate: str | None
    steps: Sequence[Mapping[str, Any]]
    problems: Sequence[str]

    @cached_property
    def judgement(self) -> Judgement | None:
        """The recomputed verdict; None when there are no metrics or no thresholds to judge."""
        if self.metrics is None or self.thresholds is None:
            return None
        try:
            return judge(read_metrics(self.metrics)["metrics"], read_thresholds(self.thresholds))
        except ValueError:
            return None

    @cached_property
    def differences(self) -> list[str]:
        """Where the run's own verdict says otherwise."""
        if self.judgement is None or self.verdict is None:
            return []
        assert self.metrics is not None
        assert self.thresholds is not None
        try:
            said = read_json(self.verdict)
        except ValueError as error:
            return [f"verdict: got no JSON ({error})"]
        return list(differences(self.judgement, said, metrics=self.metrics, thresholds=self.thresholds))

    @property
    def outcome(self) -> str:
        """One of passed, blocked, disputed (accounts differ, or something is missing), not judged."""
        if self.judgement is None:
            return NOT_JUDGED
        if not self.judgement.passed:
            return BLOCKED
        complete = self.verdict is not None and self.has_model
        sound = self.status == "Completed" and self.gate == "Completed" and complete
        return PASSED if sound and not self.differences and not self.problems else DISPUTED


def verdict_entry(account: Account) -> dict[str, Any]:
    """The verdict's part of `evidence.json`."""
    judgement, outcome = account.judgement, account.outcome
    return {
        "outcome": outcome,
        "pass": outcome == PASSED,
        "sentence": _sentence(account),
        "checks": _checks(judgement) if judgement is not None else [],
        "gate": account.gate,
        "thresholds": account.reference,
        "run_agrees": judgement is not None and account.verdict is not None and not account.differences,
        "differences": account.differences,
        "problems": list(account.problems),
    }


def _checks(judgement: Judgement) -> list[dict[str, Any]]:
    """Every threshold judged, in the thresholds' order."""
    return [
        {
            "metric": check.metric,
            "value": check.value,
            "direction": check.direction,
            "threshold": check.threshold,
            "pass": check.passed,
            "why": check.why,
            "problem": check.problem,
        }
        for check in judgement.checks
    ]


def _sentence(account: Account) -> str:
    judgement, outcome = account.judgement, account.outcome
    if outcome == PASSED and judgement is not None:
        return f"The model reaches all {len(judgement.checks)} thresholds."
    if outcome == BLOCKED and judgement is not None:
        if not judgement.checks:
            return "No threshold was there to judge by, and a gate that checks nothing stays closed."
        missed = ", ".join(check.metric.replace("_", " ") for check in judgement.missed)
        return f"The model misses {len(judgement.missed)} of {len(judgement.checks)} thresholds: {missed}."
    if outcome == DISPUTED:
        return "The thresholds are reached, but something else forbids a release."
    failed = [step["name"] for step in account.steps if step["status"] == "Failed"]
    if failed:
        return f"Nothing was measured: step {failed[0]} failed."
    return f"Nothing was measured: the run was {account.status.lower()}."
