"""Text of others as it is: what a terminal or a page would obey, hide or turn round is shown as an escape.

A line of code may hold characters that erase it from a terminal, or that set what follows in another order than a
compiler reads it. Source: Unicode Technical Report 36, "Bidirectional Text Spoofing"; ECMA-48 control functions.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping

# Controls, formats (bidirectional marks, zero-width ones), half of a pair, private ones, and separators of lines.
_OBEYED = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_PLAIN = re.compile(r"[\t\x20-\x7e]*")
_CI = ("GITHUB_ACTIONS", "TF_BUILD")
# GitHub's runner: at a line's beginning, blanks before it or not; the older form, and Azure Pipelines', anywhere.
_COMMAND = re.compile(r"(?P<before>(?:^|(?<=[\r\n]))\s*):(?=:)|#(?=#\[|#vso\[)", re.IGNORECASE)


def visible(line: str) -> str:
    """One line, with every character that does not show itself as `\\x1b`, `\\u202e` or the like."""
    if _PLAIN.fullmatch(line):
        return line
    return "".join(
        one.encode("unicode_escape").decode() if unicodedata.category(one) in _OBEYED and one != "\t" else one
        for one in line
    )


def uncommanded(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """What a step printed, for the log of a CI service, which would obey lines of a certain form; elsewhere as it is.

    Source: GitHub, "Workflow commands for GitHub Actions"; Azure DevOps, "Logging commands".
    """
    if not any(environ.get(name) for name in _CI):
        return text
    if not text.isascii():  # a service's own search may pass over what has no width
        text = "".join(one for one in text if unicodedata.category(one) != "Cf")
    return _COMMAND.sub(lambda found: f"{found[0]} ", text)
