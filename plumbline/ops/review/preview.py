"""What the engine would do: `pulumi preview --json`, with what it read of the cloud before."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.ops.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A preview as the engine tells it.

    Attributes:
        steps: Each with op, urn, oldState, newState, detailedDiff; those of the refresh before come first.
        refused: Whether the engine or the program refused; `messages` then says why, and the steps are not whole.
        messages: Warnings and errors.
    """

    steps: tuple[Mapping[str, Any], ...]
    refused: bool = False
    messages: tuple[str, ...] = ()


def run_preview(project: Path, stack: str, *, plan: Path | None = None) -> Preview:
    """Preview a stack in this process's environment; nothing is changed.

    Args:
        plan: Where the engine saves its update plan.
    Raises: UserError: there is no engine, or what it prints is no preview.
    Source: pulumi 3.259 `preview --json --save-plan`; apitype events of the same version.
    """
    words = ["pulumi", "preview", "--json", "--non-interactive", "--stack", stack]
    if plan is not None:
        words += ["--save-plan", str(plan)]
    try:
        answer = subprocess.run(words, cwd=project, check=False, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise UserError(
            "pulumi: got none on PATH, expected the engine. Install Pulumi, or bring ours: make up"
        ) from error
    return read_preview(answer.stdout, refused=answer.returncode != 0, talk=answer.stderr)


def read_preview(text: str, *, refused: bool, talk: str = "") -> Preview:
    """Read what the engine printed.

    Raises: UserError: it is no preview, and the engine does not say that it refused.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        if not refused:
            raise UserError(
                f"pulumi preview: got {text[:200]!r}, expected JSON ({error}). Run: pulumi preview --json"
            ) from error
        document = {}
    messages = [_plain(entry) for entry in document.get("diagnostics") or ()]
    if refused and not any(messages):
        messages += [line for line in talk.splitlines() if line.strip()]
    return Preview(
        steps=tuple(document.get("steps") or ()),
        refused=refused,
        messages=tuple(message for message in messages if message),
    )


def _plain(entry: Mapping[str, Any]) -> str:
    message = str(entry.get("message") or "").strip()
    # The engine's last word on a failed program names nothing that the lines before did not.
    return "" if message.startswith("error: preview failed") else message
