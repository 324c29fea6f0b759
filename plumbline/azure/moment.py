"""Times as Azure writes them: up to seven digits of a second, trailing zeros cut, `Z` or `+00:00` behind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def moment(text: Any) -> datetime | None:
    """A time of Azure's, or of Pulumi's state; None for nothing. Raises: ValueError: no time stands there."""
    if not text:
        return None
    found = datetime.fromisoformat(str(text))
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def second(when: datetime | None) -> str | None:
    """For people: UTC, whole seconds."""
    return None if when is None else f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
