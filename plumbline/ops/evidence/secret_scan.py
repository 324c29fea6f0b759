"""Looks for secrets in what is about to be written: evidence goes into tickets, and tickets are read by many."""

from __future__ import annotations

import re
from collections.abc import Mapping

from plumbline.ops.errors import UserError

# What it is -> how it looks. Hex digests and GUIDs are no secrets and look like none of these.
PATTERNS = {
    "a signed storage address": re.compile(r"[?&;]sig=[A-Za-z0-9%+/=_-]{16,}", re.IGNORECASE),
    "an account key": re.compile(r"(AccountKey|SharedAccessKey)\s*=\s*[A-Za-z0-9+/]{20,}", re.IGNORECASE),
    "a token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a login in an address": re.compile(r"://[^/\s:@\"'<>]+:[^/\s:@\"'<>]+@"),
    "a password": re.compile(
        r"\b(password|passwd|client_?secret|api_?key)\b\\?[\"']?\s*[=:]\s*(\\?[\"'][^\"'<>{}$]{8,}[\"']|[^\s\"',;<>{}$]{8,})",
        re.IGNORECASE,
    ),
    "a key of a cloud or code host": re.compile(r"\b(AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,})\b"),
}


def secrets_in(text: str) -> list[tuple[int, str]]:
    """(line, what) of everything in a text that looks like a secret."""
    found = []
    for at, line in enumerate(text.splitlines(), start=1):
        found += [(at, what) for what, pattern in PATTERNS.items() if pattern.search(line)]
    return found


def require_no_secret(files: Mapping[str, bytes]) -> None:
    """Raises: UserError: something looks like a secret; the places are named, what stands there is not."""
    lines = [
        f"{name}:{line}: got what looks like {what}, expected no secret in evidence"
        for name, content in files.items()
        for line, what in secrets_in(content.decode("utf-8", errors="replace"))
    ]
    if lines:
        raise UserError(
            "\n".join(lines)
            + "\nNothing was written. Take it out of the step's outputs, labels or parameters, make the "
            "secret worthless, and run again."
        )
