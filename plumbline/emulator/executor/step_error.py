"""Why a step failed, in the words that its owner needs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from plumbline.emulator.executor.supervisor.plan import ProcessEnd

_TAIL_BYTES = 64 * 1024
_TAIL_LINES = 25
_NOT_FOUND = 127
"""What bash exits with when there is no such command."""


class StepFailed(Exception):
    """A step cannot go on; `error` is what clients read."""

    def __init__(self, message: str, *, code: str = "UserError", reason: str = "") -> None:
        """Args: reason: A short machine-readable cause, for example "timeout"."""
        super().__init__(message)
        self.error = error_body(code, message, reason)


def error_body(code: str, message: str, reason: str = "") -> dict[str, Any]:
    """Return an error in run history's form."""
    inner: dict[str, Any] = {"code": code, "message": message, "details": []}
    if reason:
        inner["innerError"] = {"code": reason}
    return {"error": inner}


def exit_message(end: ProcessEnd, log: Path, label: str) -> str:
    """Return what to say of a process that ended badly: the reason, or its exit code and last words.

    Args:
        label: NAME:VERSION of the environment, named when a module was missing.
    """
    if end.reason:
        words = {
            "timeout": "The step was ended: ",
            "disk": "The step was ended: ",
            "processes": "The step was ended: ",
        }
        return words.get(end.reason, "") + (end.detail or end.reason) + "."
    tail = _tail(log)
    missing = re.search(r"ModuleNotFoundError: No module named '([^']+)'", tail)
    hint = (
        f" The package '{missing[1].split('.')[0]}' is not in environment {label}: add it to the environment's "
        "conda file."
        if missing
        else ""
    )
    if end.exit_code == _NOT_FOUND and not hint:
        hint = f" No container is run here: a program that the image of environment {label} brings must be on this machine."
    return (
        f"Execution failed. User process exited with status code {end.exit_code}. Please check log file "
        f"'user_logs/{log.name}' for error details.{hint} Error: {tail}"
    )


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(file.tell() - _TAIL_BYTES, 0))
        text = file.read().decode(errors="replace")
    start = text.rfind("Traceback (most recent call last)")
    if start >= 0:
        return text[start:].strip()[-4000:]
    return "\n".join(text.strip().splitlines()[-_TAIL_LINES:])[-4000:]
