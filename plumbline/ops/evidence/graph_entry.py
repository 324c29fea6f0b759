"""A run's graph as evidence shows it: data assets and steps as nodes, what flows between them as edges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from plumbline.assets.graph import graph_of_jobs

_PARENT_INPUT = re.compile(r"^\$\{\{\s*parent\.inputs\.([^.\s}]+)\s*\}\}$")


def graph_entry(jobs: Mapping[str, Any], data_assets: Mapping[str, str]) -> dict[str, Any]:
    """Nodes, edges and bindings.

    Args:
        jobs: Step -> its node in the job's canonical form, in the order in which they shall stand.
        data_assets: Input of the job -> name of the data asset.
    """
    graph = graph_of_jobs(jobs)
    joined: dict[tuple[str, str], list[str]] = {}
    for step, node in jobs.items():
        for _, value in sorted((node.get("inputs") or {}).items()):
            text = value.get("path") if isinstance(value, Mapping) else value
            bound = _PARENT_INPUT.match(text) if isinstance(text, str) else None
            if bound and bound.group(1) in data_assets:
                joined.setdefault((f"input {bound.group(1)}", step), []).append(bound.group(1))
    for edge in graph.edges:
        joined.setdefault((edge.source, edge.target), []).append(edge.output)
    data = [
        {"name": f"input {name}", "kind": "data", "title": title}
        for name, title in sorted(data_assets.items())
    ]
    steps = [
        {
            "name": node.name,
            "kind": node.type,
            "title": node.component.removeprefix("azureml:").partition(":")[0],
            "component": node.component.removeprefix("azureml:"),
        }
        for node in graph.nodes
    ]
    return {
        "nodes": data + steps,
        "edges": [
            {"source": source, "target": target, "names": list(dict.fromkeys(names))}
            for (source, target), names in joined.items()
        ],
        "bindings": [
            {"source": edge.source, "output": edge.output, "target": edge.target, "input": edge.input}
            for edge in graph.edges
        ],
    }
