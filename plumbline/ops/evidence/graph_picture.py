"""The job's graph as one SVG: data at the left, then the steps, each after what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup

_BOX_WIDTH, _BOX_HEIGHT, _GAP_X, _GAP_Y, _LANE = 142, 64, 46, 22, 26
_MARGIN = 8
_TEXT = 20  # characters that a box is wide enough for
_MARKS = {"Completed": "✓", "Failed": "✕", "Canceled": "–"}


@dataclass
class _Place:
    """A box, or a lane by which a long edge passes a layer."""

    name: str
    layer: int
    is_lane: bool = False
    y: float = 0.0

    @property
    def height(self) -> float:
        return _LANE if self.is_lane else _BOX_HEIGHT

    @property
    def x(self) -> float:
        return _MARGIN + self.layer * (_BOX_WIDTH + _GAP_X)


def graph_svg(graph: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw a graph.

    Args:
        graph: `{nodes: [{name, kind, title}], edges: [{source, target, names}]}`, nodes in an order in which each
            comes after those that it waits for.
        steps: Steps with `name`, `status`, `total_seconds`, `reused`.
    """
    nodes = {str(node["name"]): node for node in graph["nodes"]}
    edges = [edge for edge in graph["edges"] if edge["source"] in nodes and edge["target"] in nodes]
    if not nodes:
        return Markup("")
    layers, chains = _layers(nodes, edges)
    _spread(layers, chains)
    width = 2 * _MARGIN + len(layers) * _BOX_WIDTH + (len(layers) - 1) * _GAP_X
    height = max(place.y + place.height for layer in layers for place in layer) + _MARGIN
    by_step = {str(step["name"]): step for step in steps}
    parts = [
        Markup(
            '<svg class="graph" role="img" viewBox="0 0 {:.0f} {:.0f}" style="max-width:{:.0f}px" '
            'aria-labelledby="graph-title graph-desc"><title id="graph-title">Steps and data of the run</title>'
            '<desc id="graph-desc">{}</desc><defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>'
        ).format(width, height, width, _sentence(edges))
    ]
    parts += [_edge(chain, names) for chain, names in chains]
    parts += [
        _box(place, nodes[place.name], by_step.get(place.name))
        for layer in layers
        for place in layer
        if not place.is_lane
    ]
    return Markup("").join([*parts, Markup("</svg>")])


def _layers(
    nodes: Mapping[str, Any], edges: Sequence[Mapping[str, Any]]
) -> tuple[list[list[_Place]], list[tuple[list[_Place], str]]]:
    depth: dict[str, int] = {}
    for name in nodes:
        sources = [
            depth[edge["source"]] for edge in edges if edge["target"] == name and edge["source"] in depth
        ]
        depth[name] = max((at + 1 for at in sources), default=0)
    for name, node in nodes.items():  # data stands right before what reads it first
        targets = [depth[edge["target"]] for edge in edges if edge["source"] == name]
        if node.get("kind") == "data" and targets:
            depth[name] = max(0, min(targets) - 1)
    places = {name: _Place(name=name, layer=at) for name, at in depth.items()}
    layers: list[list[_Place]] = [[] for _ in range(max(depth.values()) + 1)]
    for place in places.values():
        layers[place.layer].append(place)
    chains = []
    for edge in edges:
        start, end = places[edge["source"]], places[edge["target"]]
        lanes = [_Place(name="", layer=at, is_lane=True) for at in range(start.layer + 1, end.layer)]
        for lane in lanes:
            layers[lane.layer].append(lane)
        chains.append(([start, *lanes, end], ", ".join(edge["names"])))
    return layers, chains


def _spread(layers: list[list[_Place]], chains: list[tuple[list[_Place], str]]) -> None:
    """Order each layer by where its neighbours lie, boxes above lanes at the start, then stack and centre it."""
    before: dict[int, list[_Place]] = {}
    for chain, _ in chains:
        for left, right in pairwise(chain):
            before.setdefault(id(right), []).append(left)

    def middle(place: _Place) -> float:
        known = before.get(id(place), [])
        base = sum(one.y + one.height / 2 for one in known) / len(known) if known else 0.0
        return base + (0.5 if place.is_lane else 0.0)

    tallest = max(sum(place.height + _GAP_Y for place in layer) for layer in layers)
    for layer in layers:
        layer.sort(key=middle)
        total = sum(place.height + _GAP_Y for place in layer)
        y = _MARGIN + (tallest - total) / 2
        for place in layer:
            place.y = y
            y += place.height + _GAP_Y


def _edge(chain: Sequence[_Place], names: str) -> Markup:
    x, y = chain[0].x + _BOX_WIDTH, chain[0].y + chain[0].height / 2
    path = f"M{x:.1f} {y:.1f}"
    for place in chain[1:]:
        right, down = place.x - (0 if place.is_lane else 2), place.y + place.height / 2
        path += f" C{x + _GAP_X / 2:.1f} {y:.1f} {right - _GAP_X / 2:.1f} {down:.1f} {right:.1f} {down:.1f}"
        x, y = right, down
        if place.is_lane:
            x += _BOX_WIDTH
            path += f" L{x:.1f} {y:.1f}"
    return Markup('<path class="edge" marker-end="url(#tip)" d="{}"><title>{}</title></path>').format(
        path, names
    )


def _box(place: _Place, node: Mapping[str, Any], step: Mapping[str, Any] | None) -> Markup:
    status = str(step["status"]) if step else ""
    kind = "data" if node.get("kind") == "data" else f"step {status.lower()}"
    lines = [
        (24, "name", f"{_MARKS.get(status, '')} {node['name']}".strip()),
        (41, "sub", str(node.get("title") or "")),
    ]
    if step:
        lines.append((55, "sub", _told(step)))
    texts = Markup("").join(
        Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>').format(
            kind, place.x + _BOX_WIDTH / 2, place.y + down, _cut(text)
        )
        for down, kind, text in lines
    )
    shape = Markup('<rect x="{:.1f}" y="{:.1f}" width="{}" height="{}" rx="{}"/>').format(
        place.x, place.y, _BOX_WIDTH, _BOX_HEIGHT, 26 if kind == "data" else 6
    )
    title = Markup("<title>{}</title>").format(f"{node['name']}: {node.get('title') or ''} {status}".strip())
    return Markup('<g class="node {}">{}{}{}</g>').format(kind, title, shape, texts)


def _told(step: Mapping[str, Any]) -> str:
    if step.get("reused"):
        return f"{step['status']}, reused"
    seconds = step.get("total_seconds")
    return str(step["status"]) if seconds is None else f"{step['status']}, {seconds:.1f} s"


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT else f"{text[: _TEXT - 1]}…"


def _sentence(edges: Sequence[Mapping[str, Any]]) -> str:
    return (
        "; ".join(f"{edge['source']} gives {', '.join(edge['names'])} to {edge['target']}" for edge in edges)
        + "."
    )
