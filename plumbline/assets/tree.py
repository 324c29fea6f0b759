"""What lies in a folder that goes up: links, what leads nowhere or in circles, and what no upload can read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_DEPTH = 60
_ENTRIES = 200_000


@dataclass(frozen=True, kw_only=True)
class Oddity:
    """One entry that is no plain file or folder.

    Attributes:
        name: Its path from the folder, with forward slashes.
        what: ``link`` out of the folder, ``dangling`` link, ``loop`` of links, ``special`` file (pipe, socket, device),
            ``deep`` nesting, or ``many`` entries.
        target: Where a link leads.
    """

    name: str
    what: Literal["link", "dangling", "loop", "special", "deep", "many"]
    target: Path | None = None


def oddities(folder: Path) -> tuple[Oddity, ...]:
    """What in a resolved folder is no plain file or folder; links are followed, as the upload follows them."""
    return tuple(_Walk(folder).found())


def special(path: Path) -> bool:
    """Whether something is there that is neither file nor folder: reading it may never end."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


class _Walk:
    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.entries = 0

    def found(self) -> Iterator[Oddity]:
        if self.root.is_dir():
            yield from self._folder(self.root, "", (self.root,))

    def _folder(self, folder: Path, prefix: str, above: tuple[Path, ...]) -> Iterator[Oddity]:
        if len(above) > _DEPTH:
            yield Oddity(name=prefix.rstrip("/"), what="deep")
            return
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
        for entry in ordered:
            self.entries += 1
            if self.entries > _ENTRIES:
                if self.entries == _ENTRIES + 1:
                    yield Oddity(name=prefix.rstrip("/"), what="many")
                return
            yield from self._entry(entry, f"{prefix}{entry.name}", above)

    def _entry(self, entry: os.DirEntry[str], name: str, above: tuple[Path, ...]) -> Iterator[Oddity]:
        if entry.is_symlink():
            yield from self._link(Path(os.path.realpath(entry.path)), name, above)
        elif entry.is_dir():
            folder = Path(entry.path)
            yield from self._folder(folder, f"{name}/", (*above, folder))
        elif not entry.is_file():
            yield Oddity(name=name, what="special", target=Path(entry.path))

    def _link(self, target: Path, name: str, above: tuple[Path, ...]) -> Iterator[Oddity]:
        if not target.exists():
            yield Oddity(name=name, what="dangling", target=target)
            return
        if target.is_dir() and any(one == target or one.is_relative_to(target) for one in above):
            yield Oddity(name=name, what="loop", target=target)
            return
        if not target.is_relative_to(self.root):
            yield Oddity(name=name, what="link", target=target)
        if special(target):
            yield Oddity(name=name, what="special", target=target)
        elif target.is_dir():
            yield from self._folder(target, f"{name}/", (*above, target))
