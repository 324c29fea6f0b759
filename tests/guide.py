"""A guide's files and commands, taken from its page as a reader would take them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"^```(?P<language>\w+)\n# (?P<title>[^\n]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, kw_only=True)
class Guide:
    """What a page holds.

    Attributes:
        files: Path -> text of every block whose first line names a file.
        commands: Title -> script of every sh block, in the page's order.
    """

    files: dict[str, str]
    commands: dict[str, str]


def read_guide(page: Path) -> Guide:
    """Blocks whose first line is a comment with a path (a file) or a title (an sh block)."""
    files: dict[str, str] = {}
    commands: dict[str, str] = {}
    for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        found = commands if block["language"] == "sh" else files
        found[block["title"]] = block["text"]
    return Guide(files=files, commands=commands)
