"""Text that cannot break out of the Markdown around it, and a page that never grows past a limit."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_LONGEST_VALUE = 160
_LONGEST_LINE = 240
_BACKTICKS = re.compile(r"`+")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A piece of a page that stays or goes as a whole.

    Attributes:
        rank: How soon it goes when the page is too long: the highest goes first; 0 always stays.
        noun: What it is, for the line that says what was left out: ("code of a version", "code of versions").
    """

    text: str
    rank: int = 0
    noun: tuple[str, str] = ("part", "parts")


def page(blocks: Sequence[Block], *, limit: int, left_out: str) -> str:
    """The blocks in their order, the least important of the last ones dropped until the page is below the limit.

    Args:
        limit: Bytes of UTF-8.
        left_out: Begins the line that says what was dropped, with `{what}` in it.
    """
    sizes = [len(block.text.encode()) + 1 for block in blocks]
    total = sum(sizes) + len(left_out.encode()) + 400
    dropped: set[int] = set()
    for at in sorted(range(len(blocks)), key=lambda at: (-blocks[at].rank, -at)):
        if total <= limit or blocks[at].rank == 0:
            break
        dropped.add(at)
        total -= sizes[at]
    parts = [block.text for at, block in enumerate(blocks) if at not in dropped]
    if dropped:
        counts: dict[tuple[str, str], int] = {}
        for at in sorted(dropped):
            counts[blocks[at].noun] = counts.get(blocks[at].noun, 0) + 1
        what = ", ".join(f"{count} {noun[count > 1]}" for noun, count in counts.items())
        parts.append(left_out.format(what=what))
    return "\n".join(parts)


def code(text: Any) -> str:
    """Inline code of one line, whatever stands in it; `|` does not end a table's cell."""
    plain = " ".join(str(text).split()) or " "
    if len(plain) > _LONGEST_VALUE:
        plain = f"{plain[:_LONGEST_VALUE]}…"
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(plain)), default=0) + 1)
    space = " " if "`" in plain else ""
    return f"{fence}{space}{plain}{space}{fence}".replace("|", "\\|")


def value(found: Any) -> str:
    """A field's value as code; `nothing` for a field that is not there."""
    if found is None:
        return "nothing"
    return code(found if isinstance(found, str) else json.dumps(found, ensure_ascii=False))


def fenced(lines: Sequence[str], language: str) -> str:
    """A fenced block that its lines cannot close; very long lines are cut."""
    cut = [line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…" for line in lines]
    longest = max((len(run) for line in cut for run in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *cut, fence])


def words(text: str) -> str:
    """Plain text in which nothing is markup, a mention or HTML."""
    plain = " ".join(text.split())
    return re.sub(r"([\\`*_{}\[\]<>|#~@])", r"\\\1", plain)
