"""A full disk: how a failure shows it, and what a client is answered."""

from __future__ import annotations

import errno
import sqlite3

from plumbline.emulator.errors import AzureError


def is_full(error: BaseException) -> bool:
    """Whether a failure came of a full disk or a used-up quota."""
    if isinstance(error, sqlite3.OperationalError):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def no_space() -> AzureError:
    """507, which azure-core does not try again: nothing was kept, and more attempts need more space."""
    return AzureError(
        507,
        "InsufficientStorage",
        "The disk that holds the emulator's files is full; nothing of this request was kept. Free some space, then "
        "try again.",
    )
