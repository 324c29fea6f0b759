"""A path that a command can have in it without quotes, for a folder whose own path has blanks or the like.

Paths are put into commands as they are, as on Azure, where none has a blank. Here the emulator's home may.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import logging
import os
import re
import stat
import tempfile
from pathlib import Path

_log = logging.getLogger("plumbline.emulator.executor")
_PLAIN = re.compile(r"[\w@%+=:,./-]+")


def plain_folder(folder: Path) -> Path:
    """Return the folder, by way of a link in a private temporary folder if its own path is not plain.

    The link is named after the folder, is made again when somebody removed it, and goes when this process ends.
    Where it cannot be made, the folder itself is returned and the emulator's log says so.
    """
    if _PLAIN.fullmatch(str(folder)):
        return folder
    real = folder.resolve()
    temporary = tempfile.gettempdir()
    private = Path(temporary if _PLAIN.fullmatch(temporary) else "/tmp")  # noqa: S108  a private folder, checked below
    private /= f"plumbline-{hashlib.sha256(os.fsencode(real)).hexdigest()[:16]}"
    link = private / "runs"
    try:
        private.mkdir(mode=0o700, exist_ok=True)
        found = private.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise PermissionError(f"{private} is not a private folder of this user")
        if not link.is_symlink() or link.readlink() != real:
            link.unlink(missing_ok=True)
            link.symlink_to(real)
    except OSError as failure:
        _log.warning("steps get paths below %s, which need quotes in a command: %s", folder, failure)
        return folder
    _remove_at_end(private)
    return link


@functools.cache
def _remove_at_end(private: Path) -> None:
    atexit.register(_remove, private)


def _remove(private: Path) -> None:
    try:
        (private / "runs").unlink(missing_ok=True)
        private.rmdir()
    except OSError as failure:
        _log.warning("%s is not removed: %s", private, failure)
