"""Tries again where an answer was lost or the service faltered, beyond what azure-core's policy repeats.

azure-core sends no POST again whose connection broke, and azure-ai-ml sends some in the middle of a registration; an
upload that fails leaves a folder half there. Everything that is tried again here ends in the same state.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from plumbline.azure.no_answer import causes
from plumbline.azure.patience import PASSING, pause

T = TypeVar("T")
_TRIES = 4
# Whoever failed for longer was tried again by azure-core, which has no answer after (an emulator, Azure) about 9 and 90 s.
_PATIENCE_SECONDS = (6.0, 60.0)


def when_answered(action: Callable[[], T], *, local: bool) -> T:
    """Do it, again when its answer was lost or the service faltered.

    Args:
        action: Idempotent.
    Raises: whatever the action raises, at last; at once where nobody can be connected to.
    """
    from azure.core.exceptions import AzureError

    until = time.monotonic() + _PATIENCE_SECONDS[0 if local else 1]
    for attempt in range(1, _TRIES):
        try:
            return action()
        except AzureError as error:
            if not is_lost(error) or time.monotonic() > until:
                raise
        time.sleep(pause(attempt, local=local))
    return action()


def is_lost(error: BaseException) -> bool:
    """Whether another try may be answered: the connection broke after it was made, or the service faltered."""
    from azure.core.exceptions import HttpResponseError, ServiceResponseError

    return any(
        isinstance(cause, ServiceResponseError)
        or (isinstance(cause, HttpResponseError) and cause.status_code in PASSING)
        for cause in causes(error)
    )
