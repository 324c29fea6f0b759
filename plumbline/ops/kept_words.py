"""Words that a person gives to be kept in the repository: a reason, an owner. Pure."""

from __future__ import annotations

import unicodedata

from plumbline.ops.errors import UsageError

MOST = 1000
# Marks that make a reader see words in another order than a tool does.
# Source: Unicode Technical Report 36, "Bidirectional Text Spoofing".
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def kept_words(option: str, text: str, *, least: int = 1) -> str:
    """The words with single spaces between them.

    Args:
        option: What they were given with, for the message.
        least: Fewest characters.
    Raises: UsageError: too few, too many, or what no reader sees.
    """
    words = " ".join(text.split())
    hidden = [one for one in words if unicodedata.category(one) in {"Cc", "Cs"} or one in _REORDERING]
    if hidden:
        shown = ", ".join(dict.fromkeys(f"U+{ord(one):04X}" for one in hidden))
        raise UsageError(f"{option}: got {shown}, which no reader sees, expected plain text. Type it again.")
    if not least <= len(words) <= MOST:
        raise UsageError(
            f"{option}: got {len(words)} characters, expected {least} to {MOST}: words for a reviewer."
        )
    return words
