"""What a killed engine, or a full disk, leaves in a file backend: locks, and creations whose end it never saw.

A dead local process's lock is cleared, and one that was never written to its end; anyone else's is named. The `pulumi`
of an emulated stack's shell asks for this before it begins: `python -m plumbline.ops.state_lock STATE`.

Source: pulumi/pkg `backend/diy/lock.go`: `.pulumi/locks/organization/<project>/<stack>/<id>.json`
holds pid, username, hostname and timestamp. gocloud.dev `blob/fileblob` writes it to `<id>.json.<number>.tmp` first and
lists that one as well.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from plumbline.ops.errors import UserError
from plumbline.ops.own_processes import own_processes

_ANY_STACK = "*"


def clear_dead_locks(state: Path, stack: str, say: Callable[[str], None]) -> None:
    """Remove the locks on a stack whose process on this machine has ended, and those that were never finished.

    Raises: UserError: somebody who is alive, or on another machine, holds the stack.
    """
    # The engine reads every file there but the notes: the draft of a lock (`<id>.json.<number>.tmp`) too.
    for lock in sorted((state / ".pulumi" / "locks").glob(f"*/*/{stack}/*.json*")):
        if lock.suffix == ".attrs":
            continue
        try:
            holder = json.loads(lock.read_text())
        except FileNotFoundError:
            continue
        except ValueError:
            _clear_half_written(lock, state, say)
            continue
        pid, host = int(holder.get("pid", 0)), holder.get("hostname", "")
        name = lock.parent.name
        who = f"{holder.get('username')}@{host} (pid {pid}) since {holder.get('timestamp')}"
        if host == socket.gethostname() and not _runs_pulumi(pid):
            lock.unlink(missing_ok=True)
            say(f"Stack {name} was locked by {who}; that process has ended, so its lock was cleared.")
            continue
        raise UserError(
            f"stack {name}: lock: got one held by {who}, expected none. "
            f"Wait for it to end; if it is gone for good: pulumi cancel -s {name}"
        )


def clear_half_written_attributes(state: Path, say: Callable[[str], None]) -> None:
    """Remove the notes beside a file backend's files that a killed engine never wrote to their end.

    The engine ends with "EOF" as long as one lies there; a file without its note is a whole one.

    Source: gocloud.dev `blob/fileblob`: `<file>.attrs` is written in place, the file itself is put there at once.
    """
    half = [file for file in sorted((state / ".pulumi").rglob("*.attrs")) if not _is_json(file)]
    if half and not own_processes(state.parent).engines:
        for file in half:
            file.unlink(missing_ok=True)
            say(f"{file.name} was never written to its end (a full disk, a kill); it was cleared.")


def restore_half_written_state(state: Path, say: Callable[[str], None]) -> None:
    """Put back the last whole checkpoint of each stack whose state a full disk left unreadable.

    What the lost checkpoint knew more is found again by the next update: equal content is taken, and a creation that was
    under way stands in the one before it.

    Source: pulumi/pkg `backend/diy/state.go`: `<stack>.json.bak` is the checkpoint before the last,
    `backups/<project>/<stack>/` has those that updates began with.
    """
    for file in sorted((state / ".pulumi" / "stacks").glob("*/*.json")):
        # Whoever may still run holds its own copy, and replaces the file whole.
        if _is_json(file):
            continue
        earlier = (state / ".pulumi" / "backups" / file.parent.name / file.stem).glob("*.json")
        for whole in (file.with_name(f"{file.name}.bak"), *sorted(earlier, reverse=True)):
            if whole.is_file() and _is_json(whole):
                new = file.with_name(f"{file.name}.new")
                shutil.copyfile(whole, new)
                new.replace(file)
                say(
                    f"Stack {file.stem} had a state that was never written to its end (a full disk); "
                    f"the one before it was put back: {whole.name}."
                )
                break


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_text())
    except FileNotFoundError:
        return True
    except ValueError:
        return False
    return True


def _clear_half_written(lock: Path, state: Path, say: Callable[[str], None]) -> None:
    """An engine ends with "unexpected end of JSON input" as long as such a lock lies there."""
    name = lock.parent.name
    writers = own_processes(state.parent).engines
    if writers:
        raise UserError(
            f"stack {name}: lock: got {lock.name} half written while pulumi runs (pid {writers[0].pid}), expected a "
            "whole one. Wait for that run to end, then try again."
        )
    lock.unlink(missing_ok=True)
    say(f"Stack {name} had a lock that was never written to its end (a full disk, a kill); it was cleared.")


def read_checkpoint(file: Path) -> dict[str, Any]:
    """A stack's state as the file backend keeps it.

    Raises: UserError: the file is no whole JSON document.
    """
    try:
        document: dict[str, Any] = json.loads(file.read_text())
    except ValueError as error:
        backup = file.with_name(f"{file.name}.bak")
        way = f"The state before it: cp {backup} {file}" if backup.exists() else "Restore it from a backup."
        raise UserError(
            f"{file}: got a state that is no whole JSON ({error}), expected one. {way}"
        ) from error
    return document


def has_pending_creates(state: Path, stack: str) -> bool:
    """Whether the state remembers creations that a killed engine never saw the end of.

    Source: pulumi/sdk `apitype.DeploymentV3.pending_operations`.
    """
    for file in (state / ".pulumi" / "stacks").glob(f"*/{stack}.json"):
        latest = read_checkpoint(file)["checkpoint"].get("latest") or {}
        return any(operation["type"] == "creating" for operation in latest.get("pending_operations") or ())
    return False


def _runs_pulumi(pid: int) -> bool:
    # A pid may have been given to another program since; only an engine holds a stack.
    try:
        process = psutil.Process(pid)
        return "pulumi" in process.name() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def main(state: str) -> None:
    """Clear what is dead and say so; a living holder is the engine's to name."""

    def say(line: str) -> None:
        print(line, file=sys.stderr)

    with contextlib.suppress(UserError):
        clear_dead_locks(Path(state), _ANY_STACK, say)
    clear_half_written_attributes(Path(state), say)
    restore_half_written_state(Path(state), say)


if __name__ == "__main__":
    main(sys.argv[1])
