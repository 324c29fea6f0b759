"""The graph of a pipeline job: its steps and the data that flows between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_FROM_STEP = re.compile(r"\$\{\{\s*parent\.jobs\.([^.\s}]+)\.outputs\.([^.\s}]+)\s*\}\}")


@dataclass(frozen=True, kw_only=True, order=True)
class Edge:
    """Output ``output`` of step ``source`` feeds input ``input`` of step ``target``."""

    source: str
    target: str
    output: str
    input: str


@dataclass(frozen=True, kw_only=True)
class Node:
    """One step: its name, its type, and the exact component it runs."""

    name: str
    type: str = "command"
    component: str = ""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Steps in the order in which they can start (ties in the order of the file), and what joins them."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the steps, each after those it waits for."""
        return tuple(node.name for node in self.nodes)

    def before(self, step: str) -> tuple[str, ...]:
        """Steps whose output the given step reads, in the order of the graph."""
        sources = {edge.source for edge in self.edges if edge.target == step}
        return tuple(name for name in self.names if name in sources)

    def after(self, step: str) -> tuple[str, ...]:
        """Every step that waits for the given one, directly or not, in the order of the graph."""
        reached = {step}
        for name in self.names:
            if reached.intersection(self.before(name)):
                reached.add(name)
        return tuple(name for name in self.names if name in reached and name != step)

    def critical_path(self, durations: Mapping[str, float] | None = None) -> tuple[str, ...]:
        """The chain of steps that takes longest; every step counts 1 without durations.

        Args:
            durations: Optional. Step -> duration in any one unit; a step that is missing counts 1.
        """
        total: dict[str, float] = {}
        previous: dict[str, str | None] = {}
        for name in self.names:
            best = max(self.before(name), key=lambda step: total[step], default=None)
            previous[name] = best
            total[name] = (total[best] if best else 0.0) + float((durations or {}).get(name, 1))
        step = max(self.names, key=lambda name: total[name], default=None)
        chain: list[str] = []
        while step is not None:
            chain.append(step)
            step = previous[step]
        return tuple(reversed(chain))

    def mermaid(self) -> str:
        """The graph as Mermaid text, as review and documentation paste it."""
        lines = ["graph LR"]
        lines += [f'  {node.name}["{node.name}<br/>{_short(node.component)}"]' for node in self.nodes]
        lines += [f"  {edge.source} -->|{edge.output}| {edge.target}" for edge in self.edges]
        return "\n".join(lines) + "\n"


def graph_of_jobs(jobs: Mapping[str, Any]) -> Graph:
    """The graph of a canonical ``jobs`` mapping; steps on a cycle are left out of its order.

    Validation names cycles before; see ``cycles_in``.
    """
    edges = tuple(sorted(set(_edges(jobs))))
    waiting = {name: {edge.source for edge in edges if edge.target == name} for name in jobs}
    order: list[str] = []
    while True:
        ready = next((name for name, sources in waiting.items() if sources <= set(order)), None)
        if ready is None:
            break
        order.append(ready)
        del waiting[ready]
    nodes = tuple(
        Node(
            name=name,
            type=str(jobs[name].get("type", "command")),
            component=str(jobs[name].get("component", "")),
        )
        for name in order
    )
    return Graph(nodes=nodes, edges=edges)


def cycles_in(waits_for: Mapping[str, Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """Every cycle found once, as names from its first member (in mapping order) back to before itself."""
    state: dict[str, int] = {}
    cycles: list[tuple[str, ...]] = []

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            cycles.append(trail[trail.index(name) :])
            return
        if name in state or name not in waits_for:
            return
        for source in waits_for[name]:
            visit(source, (*trail, name))
        state[name] = 1

    for name in waits_for:
        visit(name, ())
    return tuple(cycles)


def _edges(jobs: Mapping[str, Any]) -> Iterable[Edge]:
    for target, node in jobs.items():
        for input_name, value in (node.get("inputs") or {}).items():
            text = value.get("path") if isinstance(value, Mapping) else value
            found = _FROM_STEP.search(text) if isinstance(text, str) else None
            if found and found.group(1) in jobs:
                yield Edge(source=found.group(1), target=target, output=found.group(2), input=input_name)


def _short(reference: str) -> str:
    return reference.removeprefix("azureml:")
