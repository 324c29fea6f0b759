"""From a live REST body to the canonical spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def spec_from_rest(
    kind: str, body: Mapping[str, Any], *, code_hash_of: Callable[[str], str | None]
) -> dict[str, Any]:
    """The canonical spec of what is live."""
    raise NotImplementedError
