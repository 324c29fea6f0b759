"""Protects the exit code of a followed job: 3 only when the verdict itself says no, 1 for every other failure."""

import json
from typing import Any

import pytest

from plumbline.ops.errors import UserError
from plumbline.ops.job.outcome import Outcome, StepOutcome
from plumbline.ops.job.report import report_lines
from plumbline.ops.job.verdict import Verdict, read_verdict
from plumbline.ops.run_history import StepRun

NO = {
    "pass": False,
    "checks": [
        {"metric": "gini", "value": 0.1, "direction": "at_least", "threshold": 0.24, "pass": False},
        {"metric": "gap", "value": None, "direction": "at_most", "threshold": 0.3, "pass": False},
        {"metric": "d2", "value": 0.2, "direction": "at_least", "threshold": 0.1, "pass": True},
    ],
}


def outcome(status: str, verdict: Verdict | None, **steps: str) -> Outcome:
    return Outcome(
        job={"name": "j", "properties": {"status": status}},
        steps=tuple(
            StepOutcome(
                run=StepRun(name=f"run-{step}", step=step, status=state), seconds={}, error="it broke"
            )
            for step, state in steps.items()
        ),
        seconds=2.0,
        error="a step failed",
        verdict=verdict,
        gate="gate",
    )


def verdict(document: Any = NO) -> Verdict:
    return read_verdict(json.dumps(document).encode(), "verdict")


def test_a_completed_job_ends_0() -> None:
    assert outcome("Completed", verdict({"pass": True, "checks": []}), gate="Completed").exit_code == 0


def test_a_gate_that_closed_ends_3_and_names_metric_value_and_threshold() -> None:
    closed = outcome("Failed", verdict(), evaluate="Completed", gate="Failed")
    assert closed.exit_code == 3
    text = "\n".join(report_lines(closed))
    assert "Gate closed: 2 of 3 thresholds missed." in text
    assert "gini  0.1, threshold at least 0.24" in text
    assert "gap   not measured, threshold at most 0.3" in text
    assert "d2" not in text


def test_a_gate_that_crashed_over_a_passing_verdict_ends_1() -> None:
    assert outcome("Failed", verdict({**NO, "pass": True}), gate="Failed").exit_code == 1


def test_a_failure_elsewhere_ends_1_even_when_an_old_verdict_says_no() -> None:
    assert outcome("Failed", verdict(), train="Failed", gate="Canceled").exit_code == 1


def test_a_failed_job_without_a_verdict_ends_1() -> None:
    assert outcome("Failed", None, train="Failed").exit_code == 1
    assert outcome("Canceled", None).exit_code == 1


@pytest.mark.parametrize("document", [[], {}, {"pass": True}, {"pass": True, "checks": [{"metric": "x"}]}])
def test_a_file_that_is_no_verdict_is_said_to_be_none(document: Any) -> None:
    with pytest.raises(UserError, match="got no verdict"):
        verdict(document)


def test_only_true_itself_passes() -> None:
    assert not verdict({"pass": "true", "checks": []}).passed
    assert not verdict({"pass": 1, "checks": []}).passed


def test_a_failing_step_shows_its_error_and_the_end_of_its_log_once() -> None:
    step = StepOutcome(
        run=StepRun(name="r", step="train", status="Failed"), seconds={"running": 1.0},
        error="User process exited with status code 1.\nline 1\nline 2", log="line 1\nline 2",
    )  # fmt: skip
    text = "\n".join(
        report_lines(
            Outcome(
                job={"name": "j", "properties": {"status": "Failed"}},
                steps=(step,),
                seconds=1.0,
                error="x",
                verdict=None,
            )
        )
    )
    assert "train: User process exited with status code 1." in text
    assert text.count("line 2") == 1


def test_reuse_is_told_with_what_it_saved() -> None:
    reused = StepOutcome(
        run=StepRun(name="r", step="train", status="Completed", reused_from="old", reused_job="calm_lake"),
        seconds={}, saved=12.5,
    )  # fmt: skip
    lines = report_lines(
        Outcome(job={"name": "j", "properties": {"status": "Completed"}}, steps=(reused,), seconds=0.3, error=None,
                verdict=None)
    )  # fmt: skip
    assert "j: Completed in 0.3 s. Reused: train. Ran: none. Reuse saved 12.5 s." in lines
