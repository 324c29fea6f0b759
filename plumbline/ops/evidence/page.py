"""Evidence for people: Markdown for a ticket, and one HTML page without scripts or anything from elsewhere."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from plumbline.assets import change_window
from plumbline.assets.change_window import change_window_of
from plumbline.ops.evidence.alarm import alarm_of
from plumbline.ops.evidence.graph_picture import graph_svg
from plumbline.ops.evidence.plot import plot_svg, shown
from plumbline.ops.evidence.threshold_picture import threshold_svg

TEMPLATES = Path(__file__).parent / "templates"
PAGE, MARKDOWN = "evidence.html", "evidence.md"
_MLFLOW_ADDRESS = re.compile(r"View (run .+|experiment) at: https?://")
# Everything of ours that makes a page of a document, beside the templates.
_DRAWING = ("graph_picture.py", "page.py", "plot.py", "threshold_picture.py")
_WORDS = {"at_least": "at least", "at_most": "at most"}


def pages(document: Mapping[str, Any]) -> dict[str, bytes]:
    """Both pages; the same document gives the same bytes."""
    style = Markup((TEMPLATES / "evidence.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    html = _environment(True).get_template("evidence.html.j2").render(e=document, style=style)
    text = _environment(False).get_template("evidence.md.j2").render(e=document)
    return {PAGE: html.encode(), MARKDOWN: text.encode()}


def renderer() -> str:
    """Digest of everything that makes pages of a document; pages of another one cannot be made again here."""
    digest = hashlib.sha256()
    drawing = [Path(change_window.__file__), *(Path(__file__).parent / name for name in _DRAWING)]
    for file in sorted([*TEMPLATES.iterdir(), *drawing]):
        if file.is_file():
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


@cache
def _environment(autoescape: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=autoescape,  # noqa: S701 - off for Markdown alone, which `cell` escapes
        # Terms and groups are other people's files: what they leave out is left out.
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": _number,
        "fixed": _fixed,
        "moment": _moment,
        "seconds": _seconds,
        "words": lambda direction: _WORDS.get(direction, "no limit"),
        "cell": _cell,
        "told": _told,
        "short": lambda digest: digest[:12] if digest else "unknown",
        "noun": lambda text: str(text).replace("_", " "),
        "bytes": _bytes,
        "mermaid": _mermaid,
        "window": _window,
    }
    environment.globals |= {
        "graph_svg": graph_svg,
        "plot_svg": plot_svg,
        "alarm_of": alarm_of,
        "threshold_svg": threshold_svg,
    }
    return environment


def _number(value: Any) -> str:
    if value is None:
        return "not measured"
    if isinstance(value, jinja2.Undefined):
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else shown(round(value, 4))


def _fixed(value: Any, digits: int) -> str:
    """A number with as many decimals as its neighbours in the column."""
    return f"{value:,.{digits}f}" if isinstance(value, int | float) else _number(value)


def _moment(text: str | None) -> str:
    if not text:
        return "unknown"
    try:
        return f"{datetime.fromisoformat(text[:19]):%d %B %Y, %H:%M:%S} UTC"
    except ValueError:
        return text


def _seconds(value: float | None) -> str:
    return f"{value:.1f}" if isinstance(value, int | float) else ""


def _bytes(value: Any) -> str:
    if not isinstance(value, int):
        return ""
    size = float(value)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _told(text: str) -> str:
    """What a step said, without the addresses that mlflow prints at the end of every run."""
    lines = [line for line in str(text).splitlines() if not _MLFLOW_ADDRESS.search(line)]
    return "\n".join(lines).strip()


def _window(fields: Any) -> str:
    """A change window in words; the terms are shown as they are in the checkout, so they may be wrong."""
    try:
        return str(change_window_of(fields))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "not readable"


def _cell(value: Any) -> str:
    """A text in a Markdown table: no bar, no line end, no tag."""
    text = "" if value is None else str(value)
    for old, new in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;"), (">", "&gt;"), ("\r", " "), ("\n", " ")):
        text = text.replace(old, new)
    return text


def _mermaid(graph: Mapping[str, Any]) -> str:
    names = {node["name"]: f"n{at}" for at, node in enumerate(graph["nodes"])}
    lines = ["graph LR"]
    for node in graph["nodes"]:
        text = "".join(char if char.isalnum() or char in " _-." else "_" for char in str(node["name"]))
        left, right = ("[(", ")]") if node.get("kind") == "data" else ("[", "]")
        lines.append(f'  {names[node["name"]]}{left}"{text}"{right}')
    lines += [f"  {names[edge['source']]} --> {names[edge['target']]}" for edge in graph["edges"]
              if edge["source"] in names and edge["target"] in names]  # fmt: skip
    return "\n".join(lines)
