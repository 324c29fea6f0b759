"""The verdict as evidence tells it: what came out, every threshold, and whether the run's own account agrees."""

from __future__ import annotations

from typing import Any

from plumbline.ops.release.candidate import Candidate
from plumbline.ops.release.judgement import Judgement

PASSED, BLOCKED, DISPUTED, NOT_JUDGED = "passed", "blocked", "disputed", "not judged"


def verdict_entry(candidate: Candidate) -> dict[str, Any]:
    """`outcome` is one of passed, blocked, disputed (accounts differ, or something is missing), not judged."""
    judgement = candidate.judgement
    gate = candidate.gate
    checks = check_entries(judgement) if judgement is not None else []
    outcome = _outcome(candidate)
    return {
        "outcome": outcome,
        "pass": outcome == PASSED,
        "sentence": _sentence(candidate, outcome),
        "checks": checks,
        "gate": gate.status if gate else None,
        "thresholds": candidate.thresholds.reference if candidate.thresholds else None,
        "run_agrees": judgement is not None and candidate.verdict is not None and not candidate.differences,
        "differences": list(candidate.differences),
        "problems": list(candidate.problems),
    }


def check_entries(judgement: Judgement) -> list[dict[str, Any]]:
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


def _outcome(candidate: Candidate) -> str:
    judgement = candidate.judgement
    if judgement is None:
        return NOT_JUDGED
    if not judgement.passed:
        return BLOCKED
    gate = candidate.gate
    sound = candidate.status == "Completed" and gate is not None and gate.status == "Completed"
    return PASSED if sound and not candidate.differences and not candidate.problems else DISPUTED


def _sentence(candidate: Candidate, outcome: str) -> str:
    judgement = candidate.judgement
    if outcome == PASSED and judgement is not None:
        return f"The model reaches all {len(judgement.checks)} thresholds."
    if outcome == BLOCKED and judgement is not None:
        if not judgement.checks:
            return "No threshold was there to judge by, and a gate that checks nothing stays closed."
        missed = ", ".join(check.metric.replace("_", " ") for check in judgement.missed)
        return f"The model misses {len(judgement.missed)} of {len(judgement.checks)} thresholds: {missed}."
    if outcome == DISPUTED:
        return "The thresholds are reached, but something else forbids a release."
    failed = [step.step for step in candidate.steps if step.status == "Failed"]
    if failed:
        return f"Nothing was measured: step {failed[0]} failed."
    return f"Nothing was measured: the run was {candidate.status.lower()}."
