"""Tells a failure of the service from a file that the user did not give."""

from __future__ import annotations

import re

_COLOUR = re.compile(r"\x1b\[\d+m")
_MISSING = re.compile(
    r"no such file or directory|no (?:dir|file) on target path|not a valid path|does not exist|not found",
    re.IGNORECASE,
)


def plain(message: str) -> str:
    """A message without terminal colours."""
    return _COLOUR.sub("", message)


def is_missing_file(message: str) -> bool:
    """Whether a failure's text says that a file below tests/test_configs is not there."""
    return "test_configs" in message and _MISSING.search(plain(message)) is not None
