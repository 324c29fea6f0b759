"""How often a request is tried again."""

from __future__ import annotations

from typing import Any

TRIES = 8  # azure-core's three are too few for hundreds of requests under throttling
TRIES_TO_CONNECT_LOCALLY = 1  # an emulator that is down stays down: say so at once
# Answers that another try may better. Source: azure-core 1.41 `RetryPolicyBase._RETRY_CODES`.
PASSING = frozenset({408, 429, 500, 502, 503, 504})


def patience(*, local: bool) -> dict[str, Any]:
    """Options of azure-core's retry policy; throttling is waited for with growing pauses, or as Azure says.

    An emulator is on this machine: its lost answers are asked for again without the pauses that a network needs.
    """
    return {
        "retry_total": TRIES,
        "retry_status": TRIES,
        "retry_read": TRIES,
        "retry_connect": TRIES_TO_CONNECT_LOCALLY if local else TRIES,
        "retry_backoff_factor": 0.1 if local else 0.5,
        "retry_backoff_max": 2 if local else 30,
    }


def pause(attempt: int, *, local: bool) -> float:
    """Seconds before the next try, for what azure-core does not send."""
    options = patience(local=local)
    return float(min(options["retry_backoff_max"], options["retry_backoff_factor"] * 2.0**attempt))


def storage_patience(*, local: bool) -> Any:
    """The retry policy of a storage client: its own pauses begin at 15 seconds, which an emulator never needs.

    Source: azure-storage-blob 12 `_shared.policies`.
    """
    from azure.storage.blob import ExponentialRetry, LinearRetry

    options: dict[str, Any] = {"retry_total": TRIES, "retry_read": TRIES, "retry_status": TRIES}
    if not local:
        return ExponentialRetry(initial_backoff=1, increment_base=2, random_jitter_range=1, **options)
    brief: Any = 0.5  # typed as whole seconds, used as any number
    return LinearRetry(
        backoff=brief, random_jitter_range=brief, retry_connect=TRIES_TO_CONNECT_LOCALLY, **options
    )
