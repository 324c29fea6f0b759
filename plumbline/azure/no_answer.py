"""Whether an error says that nobody answered, however deep azure-ai-ml and azure-identity wrapped it."""

from __future__ import annotations

from collections.abc import Iterator


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it was raised from, inwards: azure-ai-ml wraps what an upload raised into errors of its own."""
    at: BaseException | None = error
    while at is not None:
        yield at
        at = at.__cause__ or at.__context__


def no_answer(error: BaseException) -> BaseException | None:
    """What says that nobody answered, among an error and its causes; None when somebody did."""
    from azure.core.exceptions import (
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
        ServiceResponseError,
    )

    for cause in causes(error):
        if isinstance(cause, ServiceRequestError | ServiceResponseError):
            return cause
        # A login that got no answer is wrapped into a refusal without a response (azure-identity 1.25).
        if isinstance(cause, HttpResponseError) and not (
            isinstance(cause, ClientAuthenticationError) and cause.response is None
        ):
            return None
    return None
