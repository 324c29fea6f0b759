"""The line of a definition's file that declares a field, or the nearest thing around it. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def declared_line(lines: Mapping[str, int], path: str) -> int | None:
    """The line of a dotted field path; None when nothing around it stands in the file either.

    Args:
        lines: As a definition carries them.
    """
    here = path
    while here and here not in lines:
        here = here.rpartition(".")[0]
    return lines[here] if here else None
