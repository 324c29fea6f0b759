"""One level of a pipeline: its steps, what it is given, and which step writes each of its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plumbline.emulator.executor.job_fields import output_binding
from plumbline.emulator.executor.step_plan import OutputPlan, Produced, Source


@dataclass(frozen=True, kw_only=True)
class FoundComponent:
    """A component version: its full id and its spec as stored."""

    id: str
    spec: Mapping[str, Any]


@dataclass
class Scope:
    """One level of a pipeline: the job itself, or a pipeline component used as a step."""

    path: str
    nodes: dict[str, Mapping[str, Any]]
    inputs: dict[str, Source]
    outputs: dict[str, OutputPlan]
    component: dict[str, FoundComponent] = field(default_factory=dict)
    children: dict[str, Scope] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
    default_compute: str = ""

    def producer(self, node: str, output: str) -> Produced | None:
        """Return the step behind a node's output, in nested levels too; None when there is no such output."""
        if node in self.steps:
            if output in (self.component[node].spec.get("outputs") or {}):
                return Produced(step=self.steps[node], output=output)
            return None
        inner = self.children.get(node)
        return inner.producers().get(output) if inner else None

    def producers(self) -> dict[str, Produced]:
        """Return which step writes each output of this level."""
        found: dict[str, Produced] = {}
        for name, node in self.nodes.items():
            for output, given in (node.get("outputs") or {}).items():
                parts = output_binding(given)
                if parts and parts[:2] == ("parent", "outputs"):
                    producer = self.producer(name, output)
                    if producer is not None:
                        found[".".join(parts[2:])] = producer
        return found
