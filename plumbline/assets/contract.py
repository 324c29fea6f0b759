"""What a ``release.yml`` promises, typed: who answers for a release, when it may change, how it is watched and undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.assets.change_window import ChangeWindow, change_window_of


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """Who decides that a release is taken back, and on what."""

    decided_by: str
    decide_when: str


@dataclass(frozen=True, kw_only=True)
class StepOutput:
    """An output of a step."""

    step: str
    output: str


@dataclass(frozen=True, kw_only=True)
class GateContract:
    """What a release is judged by, by the names of its job.

    Attributes:
        gate: The step that fails when the verdict says no.
        thresholds_input: Its input that gets the thresholds.
        evaluation: Where the metrics are written, into the file `metrics`.
        verdict: Where the run's own verdict is written.
        model_name: What the model is registered as.
        model_output: The job's output that holds it.
    """

    gate: str
    thresholds_input: str
    evaluation: StepOutput
    metrics: str
    verdict: StepOutput
    model_name: str
    model_output: str


@dataclass(frozen=True, kw_only=True)
class ReleaseContract:
    """The members of a ``release.yml`` that tools act on.

    Attributes:
        pipeline: The pipeline's folder.
        owner: The team that answers for the release.
        support: Whom to ask first.
        escalation: Whom to ask next, in this order.
        signal: What shows that the released pipeline is well.
        gate: What it is judged by.
        expected_seconds: Step -> how long it may run; `pipeline_seconds` the same of the whole run.
        approved_data: Names of the data assets that the job may read.
        change_window: When it may be promoted; None: at any time.
    """

    pipeline: str
    owner: str
    cost_centre: str
    support: str
    escalation: tuple[str, ...]
    signal: str
    rollback: Rollback
    gate: GateContract
    expected_seconds: Mapping[str, int]
    pipeline_seconds: int
    approved_data: frozenset[str]
    change_window: ChangeWindow | None = None


def release_contract(data: Mapping[str, Any]) -> ReleaseContract:
    """The contract in the checked fields of a ``release.yml`` (`MLPipeline.release`).

    Raises: ValueError, KeyError, TypeError: they were not checked, and are wrong.
    """
    window = data.get("change_window")
    return ReleaseContract(
        pipeline=data["pipeline"],
        owner=data["owner"],
        cost_centre=data["cost_centre"],
        support=data["support"]["contact"],
        escalation=tuple(data["escalation"]),
        signal=data["monitoring"]["signal"],
        rollback=Rollback(
            decided_by=data["rollback"]["decided_by"], decide_when=data["rollback"]["decide_when"]
        ),
        gate=gate_contract(data),
        pipeline_seconds=data["expected_seconds"]["pipeline"],
        expected_seconds=dict((data.get("expected_seconds") or {}).get("steps") or {}),
        approved_data=frozenset(row["asset"] for row in data.get("data_approvals") or ()),
        change_window=change_window_of(window) if window is not None else None,
    )


def gate_contract(data: Mapping[str, Any]) -> GateContract:
    """What a release is judged by. Raises: as `release_contract`."""
    evaluation, verdict = data["evaluation"], data["verdict"]
    return GateContract(
        gate=data["gate"]["step"],
        thresholds_input=data["gate"]["thresholds"],
        evaluation=StepOutput(step=evaluation["step"], output=evaluation["output"]),
        metrics=evaluation["metrics"],
        verdict=StepOutput(step=verdict["step"], output=verdict["output"]),
        model_name=data["model"]["name"],
        model_output=data["model"]["output"],
    )
