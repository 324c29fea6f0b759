"""One level of a pipeline: its steps, what it is given, and which step writes each of its outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from plumbline.emulator.executor.job_fields import output_binding
from plumbline.emulator.executor.step_plan import OutputPlan, Produced, Source

RUN_TYPES = ("command", "pipeline", "parallel", "sweep")
"""Types of steps that the executor runs."""


@dataclass(frozen=True, kw_only=True)
class FoundComponent:
    """A component version: its full id and its spec as stored."""

    id: str
    spec: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its own name: an anonymous one's id says `azureml_anonymous` whatever its YAML is called."""
        return str(self.spec.get("name") or self.id.split("/")[-3])

    @property
    def version(self) -> str:
        """Its own version; the id's where its spec says none."""
        return str(self.spec.get("version") or self.id.rsplit("/", 1)[-1])


@dataclass
class Scope:
    """One level of a pipeline: the job itself, or a pipeline component used as a step.

    Args:
        job: Name of the job, which `${{parent.name}}` stands for.
    """

    job: str
    path: str
    nodes: dict[str, Mapping[str, Any]]
    inputs: dict[str, Source]
    outputs: dict[str, OutputPlan]
    component: dict[str, FoundComponent] = field(default_factory=dict)
    children: dict[str, Scope] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
    default_compute: str = ""

    def runs(self, node: str) -> bool:
        """Whether the executor runs steps of a node's type; of others nothing can be said, not even their outputs."""
        return str(self.nodes.get(node, {}).get("type") or "command") in RUN_TYPES

    def producer(self, node: str, output: str) -> Produced | None:
        """Return the step behind a node's output, in nested levels too; None when there is no such output."""
        if node in self.steps:
            declared = self.component[node].spec.get("outputs") or {}
            if output in declared:
                kind = str((declared[output] or {}).get("type") or "uri_folder").lower()
                return Produced(step=self.steps[node], output=output, type=kind)
            return None
        inner = self.children.get(node)
        return inner.producers().get(output) if inner else None

    def producers(self) -> dict[str, Produced]:
        """Return which step writes each output of this level."""
        return {outer: producer for outer, _, producer in self._bound_outputs()}

    def shared_outputs(self) -> dict[str, list[str]]:
        """Return the outputs of this level that more than one step's output is bound to, with those."""
        found: dict[str, list[str]] = {}
        for outer, inner, _ in self._bound_outputs():
            found.setdefault(outer, []).append(inner)
        return {outer: inner for outer, inner in found.items() if len(inner) > 1}

    def _bound_outputs(self) -> Iterator[tuple[str, str, Produced]]:
        """Yield (output of this level, `jobs.NODE.outputs.OUTPUT` that is bound to it, its step)."""
        for name, node in self.nodes.items():
            for output, given in (node.get("outputs") or {}).items():
                parts = output_binding(given)
                if parts and parts[:2] == ("parent", "outputs"):
                    producer = self.producer(name, output)
                    if producer is not None:
                        yield ".".join(parts[2:]), f"jobs.{name}.outputs.{output}", producer
