"""Storage as steps' inputs need it: its files are shared with a step only where the step cannot empty them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from plumbline.emulator.executor.run import Runs
from plumbline.emulator.executor.storage import Storage, Tree
from plumbline.emulator.executor.supervisor.landlock import HOLDS_TRUNCATE
from plumbline.emulator.services.blob.blobs import Blobs

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator


class InputStorage(Storage):
    """A link costs 0.02 ms a file and no room; a copy 0.15 ms a file and 0.35 s a GiB (measured, warm cache)."""

    def __init__(
        self,
        emulator: Emulator,
        blobs: Blobs,
        runs: Runs,
        remote_inputs: Callable[[str], Path | None],
        *,
        landlock: int,
    ) -> None:
        """Args: landlock: the kernel's version. Before 3 it does not know truncate(2): a link would be no shelter."""
        super().__init__(emulator, blobs, runs, remote_inputs)
        self._may_share = landlock >= HOLDS_TRUNCATE

    def fetch(self, tree: Tree, folder: Path, *, link: bool) -> Path:
        """Put the files into a folder; copies, whatever `link` says, where sharing is not safe."""
        return super().fetch(tree, folder, link=link and self._may_share)
