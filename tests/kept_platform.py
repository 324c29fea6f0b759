"""A platform brought up once by the real command and kept; each test file gets it back exactly as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.project_copy import ProjectCopy


class KeptPlatform:
    """The platform of one test process: brought up the first time, laid back from a copy of its folder after that.

    What a file did to it, in the cloud, in the state or in the project, is gone for the next one.
    """

    def __init__(self, folder: Path) -> None:
        self._root = folder / "project"
        self._kept = folder / "kept"

    def start(self) -> ProjectCopy:
        """The platform as `local up` left it, with its emulator running.

        Its addresses hold the emulator's port: where somebody else took that one meanwhile, it is brought up again.
        """
        if self._kept.exists():
            shutil.copytree(self._kept, self._root, symlinks=True)
            copy = ProjectCopy(root=self._root)
            before = self._port(copy)
            copy.plumbline("local", "start", "--azure-noise")
            if self._port(copy) == before:
                return copy
            self.stop(copy)
            shutil.rmtree(self._kept)
        copy = ProjectCopy.make(self._root)
        try:
            copy.plumbline("local", "up", "--skip-run", "--azure-noise")
            # Nothing has drifted; and the first reads, which may come without systemData, are done.
            copy.plumbline("drift", "--stack", "local")
            copy.plumbline("local", "stop")
            shutil.copytree(self._root, self._kept, symlinks=True)
            copy.plumbline("local", "start", "--azure-noise")
        except BaseException:
            self.stop(copy)
            raise
        return copy

    def stop(self, copy: ProjectCopy) -> None:
        """Stop its emulator and remove its folder; what is kept stays."""
        copy.plumbline("local", "reset", "--yes", check=False)
        shutil.rmtree(self._root)

    @staticmethod
    def _port(copy: ProjectCopy) -> str:
        return (copy.emulator_home / "port").read_text()
