"""A job's graph as SVG: a column for each depth, an arrow for each binding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y = 190, 54, 60, 22
_COLORS = {
    "Completed": "#2e7d32",
    "Failed": "#c62828",
    "Canceled": "#757575",
    "Running": "#1565c0",
    "NotStarted": "#9e9e9e",
}


@dataclass(frozen=True, kw_only=True)
class Box:
    """One step.

    Args:
        note: second line, for example its duration.
    """

    path: str
    title: str
    status: str
    note: str


def graph_svg(boxes: Sequence[Box], edges: Mapping[str, set[str]]) -> str:
    """Return the drawing.

    Args:
        edges: path of a step to the paths of those that it reads from.
    """
    depth: dict[str, int] = {}
    for box in boxes:  # they come in an order in which each follows what it reads from
        depth[box.path] = 1 + max((depth.get(before, 0) for before in edges.get(box.path, set())), default=0)
    row: dict[int, int] = {}
    place: dict[str, tuple[int, int]] = {}
    for box in boxes:
        column = depth[box.path] - 1
        place[box.path] = (20 + column * (_WIDTH + _GAP_X), 20 + row.get(column, 0) * (_HEIGHT + _GAP_Y))
        row[column] = row.get(column, 0) + 1
    width = 40 + max(row, default=0) * (_WIDTH + _GAP_X) + _WIDTH
    height = 40 + max(row.values(), default=1) * (_HEIGHT + _GAP_Y)
    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="job graph">',
        (
            '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
            '<path d="M0,0 L8,4 L0,8 z" fill="#666"/></marker></defs>'
        ),
    ]
    for box in boxes:
        x, y = place[box.path]
        for before in sorted(edges.get(box.path, set())):
            if before in place:
                from_x, from_y = place[before][0] + _WIDTH, place[before][1] + _HEIGHT // 2
                to_y, half = y + _HEIGHT // 2, (x - from_x) // 2
                parts.append(
                    f'<path d="M{from_x},{from_y} C{from_x + half},{from_y} {x - half},{to_y} {x},{to_y}" '
                    'fill="none" stroke="#666" marker-end="url(#tip)"/>'
                )
    for box in boxes:
        x, y = place[box.path]
        color = _COLORS.get(box.status, "#1565c0")
        parts.append(
            f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="8" fill="#fff" stroke="{color}" '
            f'stroke-width="2"/><text x="{x + 12}" y="{y + 22}" font-weight="600">{escape(box.title[:24])}</text>'
            f'<text x="{x + 12}" y="{y + 42}" fill="{color}" font-size="12">{escape(box.status)} {escape(box.note)}</text>'
        )
    return "".join(parts) + "</svg>"
