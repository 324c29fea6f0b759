"""How often a request is tried again."""

from __future__ import annotations

from typing import Any

TRIES = 8  # azure-core's three are too few for hundreds of requests under throttling
TRIES_TO_CONNECT_LOCALLY = 1  # an emulator that is down stays down: say so at once


def patience(*, local: bool) -> dict[str, Any]:
    """Options of azure-core's retry policy; throttling is waited for with growing pauses, or as Azure says."""
    return {
        "retry_total": TRIES,
        "retry_status": TRIES,
        "retry_read": 3 if local else TRIES,
        "retry_connect": TRIES_TO_CONNECT_LOCALLY if local else TRIES,
        "retry_backoff_factor": 0.5,
        "retry_backoff_max": 30,
    }
