"""Where paths lead. `Path.resolve` asks the system about every part of a path; here each part is asked about once."""

from __future__ import annotations

import os
from pathlib import Path


class Places:
    """Where paths lead while one set of definitions is read: what has been asked is not asked again."""

    def __init__(self) -> None:
        self._known: dict[Path, Path] = {}

    def actual(self, path: Path) -> Path:
        """As `path.resolve()`."""
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = self._led_to(path)
        return found

    def _led_to(self, path: Path) -> Path:
        if not path.is_absolute() or ".." in path.parts:
            return path.resolve()
        parent = path.parent
        if parent == path:
            return path
        folder = self.actual(parent)
        place = path if folder == parent else folder / path.name
        return place.resolve() if place.is_symlink() else place


def led_to(folder: Path, text: str) -> Path:
    """Where a path leads that starts from a folder; as `(folder / text).resolve()`.

    Args:
        folder: Resolved: only the parts of the text are asked about.
    """
    if text.startswith("/"):
        return Path(text).resolve()
    place = str(folder)
    for part in text.split("/"):
        if part in {"", "."}:
            continue
        if part == "..":
            place = os.path.dirname(place)
            continue
        place = os.path.join(place, part)
        if os.path.islink(place):
            return (folder / text).resolve()
    return Path(place)
