"""Plots of an evaluation: `plots.json` and its CSV files, read with suspicion, and drawn as SVG."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from markupsafe import Markup, escape

from plumbline.ops.json_document import read_json

PLOTS_FILE = "plots.json"
MAX_PLOTS, MAX_POINTS = 24, 2000
_WIDTH, _HEIGHT = 640, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 40, 52
_TICKS = 5
_DASHES = ("", "7 4", "2 4", "9 3 2 3", "4 2", "12 3")
Series = dict[str, list[float | None]]


def read_plots(index: bytes, read: Callable[[str], bytes | None]) -> tuple[list[dict[str, Any]], list[str]]:
    """The plots that an evaluation names, with their numbers, and what could not be used.

    Args:
        index: Bytes of `plots.json`.
        read: Name of a file beside it -> its bytes, None when it is not there.
    Returns: plots as `{name, title, x, x_label, y_label, series: {column: [numbers]}}`, and a line per problem.
    """
    try:
        rows = read_json(index)
    except ValueError as error:
        return [], [f"{PLOTS_FILE}: got no JSON ({error})"]
    if not isinstance(rows, list):
        return [], [f"{PLOTS_FILE}: got {type(rows).__name__}, expected a list of plots"]
    plots, problems = [], []
    for at, row in enumerate(rows[:MAX_PLOTS]):
        try:
            plots.append(_plot(row, read))
        except (KeyError, TypeError, ValueError, csv.Error) as error:
            problems.append(f"{PLOTS_FILE}[{at}]: got no plot that can be drawn ({error})")
    return plots, problems


def data_files(index: bytes) -> list[str]:
    """Names of the CSV files that `plots.json` names; names with a folder in them are left out."""
    try:
        rows = read_json(index)
    except ValueError:
        return []
    names = [row.get("data") for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return [name for name in names if isinstance(name, str) and is_plain_name(name)]


def is_plain_name(name: str) -> bool:
    """Whether a name is a file's in its own folder."""
    return bool(name) and PurePosixPath(name).name == name and "\\" not in name and name not in {".", ".."}


def _plot(row: Mapping[str, Any], read: Callable[[str], bytes | None]) -> dict[str, Any]:
    x, columns = str(row["x"]), [str(name) for name in row["y"]]
    content = read(str(row["data"])) if is_plain_name(str(row["data"])) else None
    if content is None:
        message = f"no file {row['data']}"
        raise ValueError(message)
    lines = list(csv.DictReader(io.StringIO(content.decode("utf-8"))))[:MAX_POINTS]
    series: Series = {name: [_number(line.get(name)) for line in lines] for name in [x, *columns]}
    if not lines or not columns or all(value is None for value in series[x]):
        message = "no numbers"
        raise ValueError(message)
    return {
        "name": str(row["name"]),
        "title": str(row.get("title") or row["name"]),
        "x": x,
        "y": columns,
        "x_label": str(row.get("x_label") or x),
        "y_label": str(row.get("y_label") or ""),
        "series": series,
    }


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def plot_svg(plot: Mapping[str, Any]) -> Markup:
    """A line chart; colours are CSS classes, so that it follows the page's light or dark scheme."""
    series: Mapping[str, Sequence[float | None]] = plot["series"]
    xs = series[plot["x"]]
    points = {
        name: [(x, y) for x, y in zip(xs, series[name], strict=True) if x is not None and y is not None]
        for name in plot["y"]
    }
    every = [point for line in points.values() for point in line]
    x_ticks = ticks([x for x, _ in every])
    y_ticks = ticks([y for _, y in every])

    def across(x: float) -> float:
        return _LEFT + (x - x_ticks[0]) / (x_ticks[-1] - x_ticks[0]) * (_WIDTH - _LEFT - _RIGHT)

    def down(y: float) -> float:
        return _HEIGHT - _BOTTOM - (y - y_ticks[0]) / (y_ticks[-1] - y_ticks[0]) * (_HEIGHT - _TOP - _BOTTOM)

    name = f"plot-{plot['name']}"
    parts = [
        Markup('<svg class="plot" role="img" viewBox="0 0 {} {}" aria-labelledby="{}-title {}-desc">').format(
            _WIDTH, _HEIGHT, name, name
        ),
        Markup('<title id="{}-title">{}</title>').format(name, plot["title"]),
        Markup('<desc id="{}-desc">{}</desc>').format(name, _described(plot)),
    ]
    for x in x_ticks:
        parts.append(_line(across(x), _TOP, across(x), _HEIGHT - _BOTTOM, "grid"))
        parts.append(_text(across(x), _HEIGHT - _BOTTOM + 18, shown(x), "tick", "middle"))
    for y in y_ticks:
        parts.append(_line(_LEFT, down(y), _WIDTH - _RIGHT, down(y), "axis" if y == 0 else "grid"))
        parts.append(_text(_LEFT - 8, down(y) + 4, shown(y), "tick", "end"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, plot["x_label"], "label", "middle"))
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(
        Markup(
            '<text class="label" text-anchor="middle" transform="translate(14 {:.1f}) rotate(-90)">{}</text>'
        ).format(middle, plot["y_label"])
    )
    parts += [_drawn(at, points[name], across, down) for at, name in enumerate(plot["y"])]
    parts += _legend(plot["y"])
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)


def ticks(values: Sequence[float], count: int = _TICKS) -> list[float]:
    """Round numbers that span the values, first and last included; never one alone."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if low == high:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= rough), 10 * power)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [float(f"{at * step:.12g}") for at in range(first, last + 1)]


def shown(value: float) -> str:
    """A number as people read it on an axis."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def _described(plot: Mapping[str, Any]) -> str:
    parts = []
    for name in plot["y"]:
        values = [value for value in plot["series"][name] if value is not None]
        if values:
            parts.append(f"{name} from {shown(values[0])} to {shown(values[-1])}")
    return f"{plot['y_label']} against {plot['x_label']}: {'; '.join(parts)}."


def _drawn(
    at: int,
    points: Sequence[tuple[float, float]],
    across: Callable[[float], float],
    down: Callable[[float], float],
) -> Markup:
    path = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in points)
    line = Markup('<polyline class="line s{}" stroke-dasharray="{}" points="{}"/>').format(
        at % 6, _DASHES[at % 6], path
    )
    if len(points) > 60:
        return line
    dots = [_dot(at, across(x), down(y)) for x, y in points]
    return line + Markup("").join(dots)


def _dot(at: int, x: float, y: float) -> Markup:
    """A shape of its own for each line: colour is never the only difference."""
    kind = at % 3
    if kind == 1:
        return Markup('<rect class="dot s{}" x="{:.1f}" y="{:.1f}" width="7" height="7"/>').format(
            at % 6, x - 3.5, y - 3.5
        )
    if kind == 2:
        return Markup('<path class="dot s{}" d="M{:.1f} {:.1f}l4.5 8h-9z"/>').format(at % 6, x, y - 5)
    return Markup('<circle class="dot s{}" cx="{:.1f}" cy="{:.1f}" r="3.6"/>').format(at % 6, x, y)


def _legend(names: Sequence[str]) -> list[Markup]:
    parts, x = [], float(_LEFT)
    for at, name in enumerate(names):
        parts.append(
            Markup('<polyline class="line s{}" stroke-dasharray="{}" points="{:.0f},18 {:.0f},18"/>').format(
                at % 6, _DASHES[at % 6], x, x + 28
            )
        )
        parts.append(_dot(at, x + 14, 18))
        parts.append(_text(x + 34, 22, name, "legend", "start"))
        x += 34 + 7.2 * len(name) + 20
    return parts


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
        kind, x1, y1, x2, y2
    )


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        kind, x, y, anchor, escape(text)
    )
