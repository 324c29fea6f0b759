"""Takes secrets out of a text that many will read: what the engine has not hidden, and what stands in code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from plumbline.ops.evidence.secret_scan import PATTERNS

_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
# Names of fields whose value is hidden whatever it looks like.
_SECRET_NAME = re.compile(
    r"(password|passwd|secret|api_?key|account_?key|access_?key|shared_?key|connection_?string|sas_?token|\btoken|credential)s?$",
    re.IGNORECASE,
)
_NOT_SECRET = (None, True, False)


def masked(text: str) -> str:
    """The text with everything that looks like a secret replaced by what it looks like."""
    text = _PRIVATE_KEY.sub("[masked: a private key]", text)
    for what, pattern in PATTERNS.items():
        text = pattern.sub(f"[masked: {what}]", text)
    return text


def masked_lines(lines: Sequence[str]) -> list[str]:
    """The same for lines that belong together: a key may span several."""
    return masked("\n".join(lines)).split("\n")


def masked_value(path: str, value: Any) -> Any:
    """A field's value, hidden when the field's name says that it is a secret."""
    name = path.replace("-", "_").replace('"]', "").rpartition(".")[2]
    if _SECRET_NAME.search(name) and value not in _NOT_SECRET:
        return "[masked]"
    return value
