"""Local copies that stand for addresses outside of the emulator: remote_inputs.yaml of its home, written by whoever runs it.

A job says in its run's warnings which copy it read: nothing is put in the place of an address silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from plumbline.emulator.executor.storage import Unreachable

FILE = "remote_inputs.yaml"


def local_copy(home: Path, uri: str) -> Path | None:
    """Return the file or folder that stands for an address, or for a folder above it; None when none does.

    Args:
        home: The emulator's; a relative path in the table begins there.

    Raises: Unreachable: the table is no table, or the copy is not there.
    """
    path = home / FILE
    if not path.is_file():
        return None
    rows = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if not isinstance(rows, Mapping):
        raise Unreachable(f"{path}: got {type(rows).__name__}, expected lines of ADDRESS: LOCAL PATH")
    wanted = uri.rstrip("/")
    known = {str(address).rstrip("/"): str(place) for address, place in rows.items()}
    above = [one for one in known if wanted == one or wanted.startswith(f"{one}/")]
    if not above:
        return None
    address = max(above, key=len)
    copy = home / known[address] / wanted[len(address) :].lstrip("/")
    if not copy.exists():
        raise Unreachable(f"'{uri}': got no file at {copy}, which {FILE} names for it. Put it there")
    return copy
