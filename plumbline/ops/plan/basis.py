"""What a plan rests on: the stack's state, its lock, the project's files. A digest of each part, so that a change is named."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.ops.errors import UserError

# How the engine marks an encrypted value; its text may differ from one encryption to the next.
_SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - a mark, no secret
_STATE_FIELDS = ("id", "type", "inputs", "parent", "provider", "protect", "custom", "delete")
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Basis:
    """Digests of all that a plan was made from.

    Attributes:
        state: URN -> digest of the resource as the last update left it.
        lock: Digest of `stacks/locks/<stack>.yaml`; empty when the stack has none.
        code: File of the project -> digest.
        tools: Program -> its version.
    """

    state: Mapping[str, str]
    lock: str
    code: Mapping[str, str]
    tools: Mapping[str, str]

    def document(self) -> dict[str, Any]:
        """The basis as a plan holds it, with one digest for each part."""
        return {
            part: {"digest": _digest(value), "parts": value}
            for part, value in (("state", self.state), ("code", self.code), ("tools", self.tools))
        } | {"lock": {"digest": self.lock}}


def read_basis(project: Path, stack: str) -> Basis:
    """Take the digests now.

    Raises: UserError: the state cannot be read, or the project lies in no git checkout.
    """
    return Basis(
        state={
            str(row["urn"]): _digest({name: _opaque(row.get(name)) for name in _STATE_FIELDS})
            for row in _exported(project, stack)
        },
        lock=_file_digest(project / "stacks" / "locks" / f"{stack}.yaml"),
        code={name: _file_digest(project / name) for name in _files(project)},
        tools=_tools(project),
    )


def differences(plan: Mapping[str, Any], now: Basis) -> list[str]:
    """What is not as it was when the plan was made, one line a part; nothing when all of it is."""
    found = []
    for part, noun, current in (
        ("state", "resource", now.state), ("code", "file", now.code), ("tools", "program", now.tools),
    ):  # fmt: skip
        before: Mapping[str, str] = plan[part]["parts"]
        moved = sorted(name for name in {*before, *current} if before.get(name) != current.get(name))
        if moved or plan[part]["digest"] != _digest(current):
            named = [name.rpartition("::")[2] if part == "state" else name for name in moved]
            shown = ", ".join(named[:_SHOWN]) + (
                f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
            )
            count = f"{len(moved)} {noun}{'' if len(moved) == 1 else 's'}"
            found.append(
                f"{part}: got {count} that changed since ({shown or 'the plan file itself was edited'})"
            )
    if plan["lock"]["digest"] != now.lock:
        found.append("lock: got another lock of this stack than the plan was made with")
    return found


def _exported(project: Path, stack: str) -> list[dict[str, Any]]:
    answer = subprocess.run(
        ["pulumi", "stack", "export", "--stack", stack],
        cwd=project,
        check=False,
        capture_output=True,
        text=True,
    )
    if answer.returncode != 0:
        raise UserError(f"stack {stack}: export: got {answer.stderr.strip()}, expected its state.")
    deployment = json.loads(answer.stdout).get("deployment") or {}
    if deployment.get("pending_operations"):
        raise UserError(
            f"stack {stack}: state: got operations that an earlier run never ended, expected none. "
            "Run: pulumi refresh --clear-pending-creates, then plan again."
        )
    rows: list[dict[str, Any]] = deployment.get("resources") or []
    return rows


def _files(project: Path) -> list[str]:
    """Files that belong to the project: all that git tracks, and new ones that a program or a definition could read."""
    tracked = _git(project, "ls-files", "--cached", "-z")
    new = [
        name
        for name in _git(project, "ls-files", "--others", "--exclude-standard", "-z")
        # A file beside Pulumi.yaml is a report or the plan itself, unless the program could import or read it.
        if "/" in name or name.endswith(".py") or name.startswith("Pulumi.")
    ]
    return sorted({name for name in (*tracked, *new) if (project / name).is_file()})


def _git(project: Path, *words: str) -> list[str]:
    try:
        answer = subprocess.run(["git", *words], cwd=project, check=True, capture_output=True, text=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        raise UserError(
            f"{project}: got no git checkout, expected one: a plan names the files that it was made from. Run: git init"
        ) from error
    return [name for name in answer.stdout.split("\0") if name]


def _tools(project: Path) -> dict[str, str]:
    from plumbline import __version__

    answer = subprocess.run(["pulumi", "version"], cwd=project, check=False, capture_output=True, text=True)
    return {"plumbline": __version__, "pulumi": answer.stdout.strip()}


def _file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _opaque(value: Any) -> Any:
    """A value without the text of what is encrypted in it."""
    if isinstance(value, Mapping):
        if _SECRET in value:
            return _SECRET
        return {name: _opaque(inner) for name, inner in value.items()}
    return [_opaque(inner) for inner in value] if isinstance(value, list) else value
