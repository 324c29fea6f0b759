"""A sweep as a step of a pipeline: its trials are copies of one step, each with another point of the search space.

Source: learn, "How to do hyperparameter tuning in pipelines (v2)": the trial is a component, whose inputs the search space
gives; azure-ai-ml 1.35.2, `Sweep._to_rest_object`, sends the node's own keys in the spelling of YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from plumbline.emulator.executor import binding
from plumbline.emulator.executor.job_fields import mapping_of
from plumbline.emulator.executor.problem import Problems
from plumbline.emulator.executor.search_space import SearchSpace
from plumbline.emulator.executor.step_plan import Literal, StepPlan, SweepPlan
from plumbline.emulator.executor.sweep import MOST_TRIALS, sweep_notes

_ARGUMENTS = ("upper", "min_value", "max_value", "mu", "sigma", "q")


class SweepStep:
    """One node of type sweep."""

    def __init__(self, node: Mapping[str, Any], *, place: str, seed: str, problems: Problems) -> None:
        """Read the node; what is wrong becomes a problem.

        Args:
            seed: What the points are drawn by where the sampling says none.
        """
        self._node = node
        sampling = node.get("sampling_algorithm")
        named = sampling.get("type") if isinstance(sampling, Mapping) else sampling
        self._algorithm = str(named or "random").lower()
        self._objective = mapping_of(node.get("objective"))
        self._limits = mapping_of(node.get("limits"))
        if not self._objective.get("primary_metric"):
            problems.add(f"{place}.objective.primary_metric", "the sweep has no metric")
        self.points: list[dict[str, str]] = []
        try:
            space = SearchSpace(
                {name: _pair(one) for name, one in mapping_of(node.get("search_space")).items()}
            )
            if not space.names:
                problems.add(f"{place}.search_space", "got no parameter, expected at least one")
            given = mapping_of(sampling).get("seed")
            self.points = space.points(
                grid=self._algorithm == "grid",
                seed=str(seed if given is None else given),
                count=min(int(self._limits.get("max_total_trials") or MOST_TRIALS), MOST_TRIALS),
            )
        except (TypeError, ValueError) as error:
            problems.add(f"{place}.search_space", str(error))

    @property
    def trial_node(self) -> dict[str, Any]:
        """Return the node that one trial is: a command step whose missing inputs the first point gives."""
        point = self.points[0] if self.points else {}
        drawn = {name: {"job_input_type": "literal", "value": value} for name, value in point.items()}
        timeout = self._limits.get("trial_timeout") or self._limits.get("timeout")
        return {
            **self._node,
            "inputs": {**mapping_of(self._node.get("inputs")), **drawn},
            "limits": {"timeout": timeout} if timeout else {},
        }

    def trials(self, step: StepPlan) -> list[StepPlan]:
        """Return the trials of the step that `trial_node` became."""
        outputs = {name: replace(one, registrations=()) for name, one in step.outputs.items()}
        return [
            replace(
                step,
                path=f"{step.path}/{index}",
                display_name=f"{step.display_name}_{index}",
                command=binding.fill(step.command, _values(point)),
                inputs={**step.inputs, **{name: Literal(value=value) for name, value in point.items()}},
                outputs=outputs,
                is_deterministic=False,
                tags={**step.tags, **{f"hyperparameters.{name}": value for name, value in point.items()}},
            )
            for index, point in enumerate(self.points)
        ]

    def plan(self, step: StepPlan) -> SweepPlan:
        """Return what makes them one sweep."""
        return SweepPlan(
            metric=str(self._objective.get("primary_metric") or ""),
            maximize=str(self._objective.get("goal") or "").lower() == "maximize",
            at_once=max(int(self._limits.get("max_concurrent_trials") or len(self.points) or 1), 1),
            notes=sweep_notes(self._algorithm, self._node.get("early_termination")),
            step=step,
        )


def trial_reference(node: Mapping[str, Any]) -> str:
    """Return the component that the trials of a sweep run: azure-ai-ml sends it as {"componentId": ID}."""
    trial = node.get("trial")
    return str((trial.get("componentId") if isinstance(trial, Mapping) else trial) or "")


def _pair(given: Any) -> Any:
    """Return a parameter as sweep jobs send it: [kind, [arguments]]."""
    if not isinstance(given, Mapping):
        return given
    kind = str(given.get("type") or "")
    arguments = (
        given.get("values") if kind == "choice" else [given[one] for one in _ARGUMENTS if one in given]
    )
    return [kind, arguments]


def _values(point: Mapping[str, str]) -> Any:
    return lambda parts: point.get(".".join(parts[1:])) if parts[0] == "search_space" else None
