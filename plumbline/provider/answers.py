"""What Azure's refusals mean for the person who runs the engine. Branches on types and status codes only."""

from __future__ import annotations

import re
from typing import Any

from plumbline.azure.no_answer import no_answer
from plumbline.provider.errors import Denied, NoAnswer, Refusal
from plumbline.provider.role_patience import ROLE, is_missing_role

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_ROLE = "AzureML Data Scientist"


def refusal_of(error: Exception, *, what: str, action: str, scope: str) -> Refusal:
    """Say what failed, why, and what to do.

    Args:
        error: What azure-core or azure-ai-ml raised.
        what: What was being done, for instance `claims_train: register version h1...`.
        action: RBAC action that it needs.
        scope: ARM id that it needs it on.
    """
    from azure.core.exceptions import HttpResponseError

    if isinstance(error, Refusal):
        return error
    if is_missing_role(error):
        return Denied(
            f'{what}: got 403 from the storage ({_line(error)}), expected the role "{ROLE}" on its account or '
            "container. Assign it to whoever runs this (the stack's deployers), wait up to ten minutes until Azure "
            "honours it, and run again."
        )
    unheard = no_answer(error)
    if unheard is not None:
        return NoAnswer(
            what,
            f"got no answer ({_line(unheard)}), expected Azure Resource Manager to answer. Check that the "
            "endpoint is up (plumbline local status for the local one) and run the command again: what was "
            "acknowledged is found again.",
        )
    if isinstance(error, HttpResponseError):
        text = _of_status(error, what=what, action=action, scope=scope)
        return Denied(text) if 400 <= (error.status_code or 0) < 500 else Refusal(text)
    return Refusal(
        f"{what}: got {_line(error)}, expected azure-ai-ml to take the definition. Correct what it names and run again."
    )


def _of_status(error: Any, *, what: str, action: str, scope: str) -> str:
    status, line = error.status_code, _line(error)
    if status == 401:
        return f"{what}: got 401 ({line}), expected an accepted login. Log in again; the token may be of another cloud."
    if status == 403 and "/models/" in action:
        return (
            f"{what}: got 403 ({line}), expected the right to {action} on {scope}: a release identity has it, "
            "deployers have not. Run this as that identity, or open models to deployers in this stack's settings."
        )
    if status == 403:
        return (
            f"{what}: got 403 ({line}), expected the right to {action} on {scope}. "
            f'Assign a role that has it there, for instance "{_ROLE}", or ask an owner of the workspace.'
        )
    if status == 404:
        return f"{what}: got 404 ({line}), expected {scope} to exist. Create it first, or put its name right."
    if status == 409 and _is_of_storage(error):
        return (
            f"{what}: got 409 from the storage ({line}), expected the upload to be taken. Nothing was registered. "
            "Run the command again: what arrived is found again."
        )
    if status == 409:
        return f"{what}: got 409 ({line}), expected no other content under this version. Run pulumi refresh, then up."
    if status == 429:
        return f"{what}: got 429 after many tries ({line}), expected room. Run it again with a smaller --parallel."
    if status >= 500:
        return f"{what}: got {status} after many tries ({line}), expected an answer. Run the command again."
    return (
        f"{what}: got {status} ({line}), expected the definition to be accepted. "
        "Correct what is named and run up again: nothing was overwritten."
    )


def _is_of_storage(error: Any) -> bool:
    # Source: Blob service REST API, every answer has this header.
    return "x-ms-version" in getattr(getattr(error, "response", None), "headers", {})


def _line(error: Any) -> str:
    inner = getattr(error, "error", None)
    code, message = getattr(inner, "code", None), getattr(inner, "message", None)
    text = f"{code}: {message}" if code and message else str(error) or type(error).__name__
    return " ".join(_COLOURS.sub("", text).split())[:600]
