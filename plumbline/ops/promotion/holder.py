"""One promotion or rollback of a stack at a time, in this checkout and beside its engine; who comes second is told of the first."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from plumbline.ops.errors import UserError
from plumbline.ops.state_lock import clear_dead_locks


@contextmanager
def holding_stack(project: Path, stack: str, what: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold a stack while its lock is verified and written.

    The lock file itself is replaced at once, and an update reads it once: neither sees a half of the other. What is kept
    out are two that would both verify against the same release before.

    Raises: UserError: somebody else holds it, by name.
    """
    folder = project / ".plumbline" / "promotions"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{stack}.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise UserError(
                f"stack {stack}: {what}: got it held by {_said(file.read())}, expected nobody. Wait for it to end, then "
                "try again."
            ) from None
        # A running update names its own holder; only a state on this machine can be looked at without its backend.
        backend = os.environ.get("PULUMI_BACKEND_URL", "")
        if backend.startswith("file://"):
            clear_dead_locks(Path(unquote(urlsplit(backend).path)), stack, say)
        file.seek(0)
        file.truncate()
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        own = {"what": what, "by": _login(), "host": socket.gethostname(), "pid": os.getpid()}
        file.write(json.dumps({**own, "since": moment}))
        file.flush()
        yield


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run as a number that no user has.
        return f"user {os.getuid()}"


def _said(text: str) -> str:
    try:
        held = json.loads(text)
    except ValueError:
        return "another promotion that has just begun"
    return f"{held['what']} of {held['by']}@{held['host']} (pid {held['pid']}) since {held['since']}"
