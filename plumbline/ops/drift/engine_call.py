"""What the engine is asked for a drift check; nothing of it changes the cloud or the state."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plumbline.ops.errors import UserError
from plumbline.ops.stack_file import project_root
from plumbline.ops.state_lock import read_checkpoint

# Reads side by side: the engine's own default is a few times the machine's processors, and reads only wait.
PARALLEL = 64
# The engine's plan of a thousand resources is many megabytes of text: collecting garbage less often takes a quarter of its
# time away. Go's own default is 100; it reads and ends.
_COLLECTED_AT = "400"


def refresh_plan(stack: str, targets: Sequence[str] = ()) -> dict[str, Any]:
    """How what is live differs from the state.

    Args:
        targets: Optional. URNs, or patterns of some: nothing else is read.
    Raises: UserError: a resource cannot be read.
    """
    chosen = [word for target in targets for word in ("--target", target)]
    words = ("--preview-only", "--json", "--non-interactive", "--parallel", str(PARALLEL), *chosen)
    answer = _pulumi("refresh", *words, stack=stack)
    if answer.returncode != 0:
        raise UserError(
            f"stack {stack}: refresh: got a failure, expected every resource to be readable.\n{_reason(answer)}"
        )
    return _document(answer)


def program_plan(stack: str) -> dict[str, Any]:
    """How what the program declares differs from the state. Raises: UserError: the program cannot be run."""
    answer = _pulumi("preview", "--refresh=false", "--json", "--non-interactive", stack=stack)
    if answer.returncode != 0:
        raise UserError(
            f"stack {stack}: preview: got a failure, expected a program that can be run.\n{_reason(answer)}"
        )
    return _document(answer)


def exported_state(stack: str) -> dict[str, Any]:
    """The stack's state, secrets encrypted. Raises: UserError: there is none.

    A state that lies in a folder is read there: asking the engine takes as long as everything else of a clean check.
    Source: pulumi/sdk `apitype.CheckpointV3`, file backend.
    """
    backend = os.environ.get("PULUMI_BACKEND_URL", "")
    if backend.startswith("file://"):
        folder = Path(backend.removeprefix("file://")) / ".pulumi" / "stacks"
        for file in folder.glob(f"*/{stack}.json"):
            return {"deployment": read_checkpoint(file)["checkpoint"].get("latest") or {}}
    answer = _pulumi("stack", "export", stack=stack)
    if answer.returncode != 0:
        raise UserError(f"stack {stack}: export: got {answer.stderr.strip()}, expected its state.")
    return _document(answer)


def known_stacks() -> tuple[str, ...]:
    """Names of the stacks that have a state where this one's lies. Raises: UserError: they cannot be listed."""
    backend = os.environ.get("PULUMI_BACKEND_URL", "")
    if backend.startswith("file://"):
        folder = Path(backend.removeprefix("file://")) / ".pulumi" / "stacks"
        return tuple(sorted(file.stem for file in folder.glob("*/*.json")))
    answer = _pulumi("stack", "ls", "--json")
    if answer.returncode != 0:
        raise UserError(f"stacks: got {answer.stderr.strip()}, expected a list of them.")
    # With an organisation and a project before it, where the backend has those.
    return tuple(sorted(str(row["name"]).rpartition("/")[2] for row in json.loads(answer.stdout)))


def history(stack: str) -> list[dict[str, Any]]:
    """The stack's updates, the newest first. Raises: UserError: they cannot be read."""
    answer = _pulumi("stack", "history", "--json", "--full-dates", stack=stack)
    if answer.returncode != 0:
        raise UserError(f"stack {stack}: history: got {answer.stderr.strip()}, expected its updates.")
    found: list[dict[str, Any]] = json.loads(answer.stdout or "[]")
    return found


def _pulumi(*words: str, stack: str | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["pulumi", *words, *(("--stack", stack) if stack else ())],
            cwd=project_root(),
            env={"GOGC": _COLLECTED_AT, **os.environ},
            check=False,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        raise UserError(
            "pulumi: got none on PATH, expected the engine. Install Pulumi, or bring ours: make up"
        ) from error


def _document(answer: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def _reason(answer: subprocess.CompletedProcess[str]) -> str:
    """What the engine said, without the plan that it may have printed around it."""
    messages = []
    try:
        document = json.loads(answer.stdout)
        messages = [entry.get("message", "").strip() for entry in document.get("diagnostics", ())]
    except ValueError:
        messages = answer.stdout.splitlines()
    return "\n".join(line for line in [*messages, answer.stderr.strip()] if line)
