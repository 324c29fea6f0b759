"""Where a release's parts come from in a job's graph: the gate's inputs, and the model that was evaluated.

Names by convention: a step `gate` takes `evaluation`, `verdict` and `thresholds`; the model is the job's one output
of a model type, or the one named `model`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.assets.graph import Edge, graph_of_jobs
from plumbline.ops.job.verdict import GATE, VERDICT

EVALUATION, THRESHOLDS, MODEL = "evaluation", "thresholds", "model"
_PARENT_INPUT = re.compile(r"^\$\{\{\s*parent\.inputs\.([^.\s}]+)\s*\}\}$")
_PARENT_OUTPUT = re.compile(r"^\$\{\{\s*parent\.outputs\.([^.\s}]+)\s*\}\}$")


@dataclass(frozen=True, kw_only=True)
class StepOutput:
    """An output of a step."""

    step: str
    output: str


@dataclass(frozen=True, kw_only=True)
class ReleaseFlow:
    """Where the parts of a release come from, as far as the graph says.

    Attributes:
        thresholds: Reference of the registered data asset that the gate got.
        model: The step that made the model, and `model_output`, the job's output that holds it.
        problems: What is not as a release needs it.
    """

    evaluation: StepOutput | None = None
    verdict: StepOutput | None = None
    thresholds: str | None = None
    model: StepOutput | None = None
    model_output: str | None = None
    problems: tuple[str, ...] = ()


def release_flow(job: Mapping[str, Any]) -> ReleaseFlow:
    """Read a canonical job (`live_job`)."""
    jobs = job.get("jobs") or {}
    problems: list[str] = []
    model_output = _model_output(job, problems)
    model = _source_of(model_output, jobs, problems) if model_output else None
    if GATE not in jobs:
        problems.append(f"jobs: got no step {GATE}, expected one that fails when the verdict says no")
        return ReleaseFlow(model=model, model_output=model_output, problems=tuple(problems))
    edges = graph_of_jobs(jobs).edges
    evaluation = _bound(edges, EVALUATION, problems)
    verdict = _bound(edges, VERDICT, problems)
    if evaluation and model and not _reads(edges, evaluation.step, model):
        problems.append(
            f"jobs.{evaluation.step}: got no input from {model.step}.{model.output}, expected the model that is released: "
            "it evaluated another one"
        )
    return ReleaseFlow(
        evaluation=evaluation,
        verdict=verdict,
        thresholds=_thresholds(job, jobs[GATE], problems),
        model=model,
        model_output=model_output,
        problems=tuple(problems),
    )


def _model_output(job: Mapping[str, Any], problems: list[str]) -> str | None:
    found = [
        name
        for name, value in (job.get("outputs") or {}).items()
        if isinstance(value, Mapping) and str(value.get("type", "")).endswith("_model")
    ]
    if MODEL in found:
        return MODEL
    if len(found) == 1:
        return str(found[0])
    problems.append(f"outputs: got {len(found)} of a model type and none named {MODEL}, expected one")
    return None


def _source_of(output: str, jobs: Mapping[str, Any], problems: list[str]) -> StepOutput | None:
    """The one step that writes a job's output: of several the service keeps one, and does not say which."""
    sources = [
        StepOutput(step=step, output=name)
        for step, node in jobs.items()
        for name, value in (node.get("outputs") or {}).items()
        if (found := _PARENT_OUTPUT.match(_text(value))) and found.group(1) == output
    ]
    if len(sources) != 1:
        names = ", ".join(f"{one.step}.{one.output}" for one in sources)
        got = f"{len(sources)} steps that write it ({names})" if sources else "no step that writes it"
        problems.append(f"outputs.{output}: got {got}, expected one")
    return sources[0] if sources else None


def _bound(edges: tuple[Edge, ...], wanted: str, problems: list[str]) -> StepOutput | None:
    for edge in edges:
        if edge.target == GATE and edge.input == wanted:
            return StepOutput(step=edge.source, output=edge.output)
    problems.append(
        f"jobs.{GATE}.inputs.{wanted}: got no step's output, expected what a step before it wrote"
    )
    return None


def _reads(edges: tuple[Edge, ...], step: str, source: StepOutput) -> bool:
    return any(
        edge.target == step and edge.source == source.step and edge.output == source.output for edge in edges
    )


def _thresholds(job: Mapping[str, Any], gate: Mapping[str, Any], problems: list[str]) -> str | None:
    text = _text((gate.get("inputs") or {}).get(THRESHOLDS))
    found = _PARENT_INPUT.match(text)
    if found:
        text = _text((job.get("inputs") or {}).get(found.group(1)))
    if text and not text.startswith("${{"):
        return text
    problems.append(
        f"jobs.{GATE}.inputs.{THRESHOLDS}: got {text or 'nothing'}, expected a registered data asset"
    )
    return None


def _text(value: Any) -> str:
    """The text of a binding or reference, in the short form or under `path`."""
    if isinstance(value, Mapping):
        value = value.get("path")
    return value if isinstance(value, str) else ""
