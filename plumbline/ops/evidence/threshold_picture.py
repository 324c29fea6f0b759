"""One threshold as a small picture: how far the metric reaches, and where the limit stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

_WIDTH, _HEIGHT = 150, 18


def threshold_svg(check: Mapping[str, Any]) -> Markup:
    """A bar for the value and a mark for the limit, on a scale of their own; empty without both."""
    value, limit = check["value"], check["threshold"]
    if value is None or limit is None:
        return Markup("")
    low = min(0.0, value, limit)
    span = (max(value, limit, 0.0) - low) * 1.15 or 1.0

    def across(number: float) -> float:
        return float((number - low) / span * _WIDTH)

    start, end = sorted((across(0.0), across(value)))
    kind = "good" if check["pass"] else "bad"
    return Markup(
        '<svg class="bullet" viewBox="0 0 {} {}" aria-hidden="true"><rect class="track" x="0" y="6" width="{}" height="6" '
        'rx="3"/><rect class="{}" x="{:.1f}" y="6" width="{:.1f}" height="6" rx="3"/><line class="limit" x1="{:.1f}" '
        'x2="{:.1f}" y1="1" y2="17"/></svg>'
    ).format(_WIDTH, _HEIGHT, _WIDTH, kind, start, max(1.5, end - start), across(limit), across(limit))
