"""Sweep jobs: a trial for each point of the search space.

Trials are steps of the job: they run on the same nodes, in processes of their own, at most as many at once as the job says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.input_check import command_problems
from plumbline.emulator.executor.job_fields import distribution_of, mapping_of, outputs_of, texts
from plumbline.emulator.executor.problem import Problems
from plumbline.emulator.executor.search_space import SearchSpace
from plumbline.emulator.executor.sources import Sources
from plumbline.emulator.executor.step_plan import JobPlan, Literal, StepPlan, SweepPlan, Uri

MOST_TRIALS = 1000
"""Azure's own limit."""


def plan_sweep(job: Mapping[str, Any], *, name: str, problems: Problems) -> JobPlan:
    """Return the plan of a sweep job; incomplete when there are problems."""
    trial, limits = mapping_of(job.get("trial")), mapping_of(job.get("limits"))
    sampling, objective = mapping_of(job.get("samplingAlgorithm")), mapping_of(job.get("objective"))
    sources = Sources(problems)
    inputs = {
        key: sources.of_job(f"inputs.{key}", value) for key, value in mapping_of(job.get("inputs")).items()
    }
    outputs = outputs_of(mapping_of(job.get("outputs")))
    command = str(trial.get("command") or "")
    space = _space(job, problems)
    problems.report("trial.command", command_problems(command, set(inputs), set(outputs)))
    # A command that refers to what the search space does not have is taken: azure-ai-ml's own test_sweep_job_builder
    # sends one. The expression stays as it is, and bash refuses it in the trial.
    if not command.strip():
        problems.add("trial.command", "the trial has no command")
    if not objective.get("primaryMetric"):
        problems.add("objective.primaryMetric", "the sweep has no metric")
    algorithm = str(sampling.get("samplingAlgorithmType") or "Random").lower()
    count = min(int(limits.get("maxTotalTrials") or MOST_TRIALS), MOST_TRIALS)
    try:
        points = space.points(grid=algorithm == "grid", seed=str(sampling.get("seed") or name), count=count)
    except ValueError as error:
        problems.add("searchSpace", str(error))
        points = []
    types = {key: source.type if isinstance(source, Uri) else "string" for key, source in inputs.items()}
    steps = [
        StepPlan(
            path=str(index),
            component_id="",
            component_sha256="",
            display_name=f"{name}_{index}",
            command=binding.fill(command, _values(point)),
            code_id=str(trial.get("codeId") or ""),
            environment_id=str(trial.get("environmentId") or ""),
            compute_id=str(job.get("computeId") or ""),
            inputs={**inputs, **{key: Literal(value=value) for key, value in point.items()}},
            input_types={**types, **dict.fromkeys(point, "string")},
            outputs=outputs,
            environment_variables=texts(trial.get("environmentVariables")),
            distribution=distribution_of(trial.get("distribution")),
            instance_count=int(mapping_of(trial.get("resources")).get("instanceCount") or 1),
            timeout_seconds=_seconds(limits.get("trialTimeout") or limits.get("timeout"), problems),
            is_deterministic=False,
            tags={f"hyperparameters.{key}": value for key, value in point.items()},
        )
        for index, point in enumerate(points)
    ]
    return JobPlan(
        steps=tuple(steps),
        inputs=inputs,
        continue_on_step_failure=True,
        sweep=SweepPlan(
            metric=str(objective.get("primaryMetric") or ""),
            maximize=str(objective.get("goal") or "").lower() == "maximize",
            at_once=max(int(limits.get("maxConcurrentTrials") or len(steps) or 1), 1),
            notes=sweep_notes(algorithm, job.get("earlyTermination")),
        ),
    )


def _space(job: Mapping[str, Any], problems: Problems) -> SearchSpace:
    try:
        space = SearchSpace(mapping_of(job.get("searchSpace")))
    except (TypeError, ValueError) as error:
        problems.add("searchSpace", str(error))
        return SearchSpace({})
    if not space.names:
        problems.add("searchSpace", "got no parameter, expected at least one")
    return space


def _values(point: Mapping[str, str]) -> Any:
    return lambda parts: point.get(".".join(parts[1:])) if parts[0] == "search_space" else None


def _seconds(given: Any, problems: Problems) -> float | None:
    try:
        return binding.seconds_of(given)
    except ValueError as error:
        problems.add("limits", str(error))
        return None


def sweep_notes(algorithm: str, early_termination: Any) -> tuple[str, ...]:
    """Say what of a sweep is not emulated."""
    notes = []
    if algorithm == "bayesian":
        notes.append("bayesian sampling is not emulated: the trials are drawn at random")
    if mapping_of(early_termination):
        notes.append("early termination is not emulated: every trial runs to its end")
    return tuple(notes)
