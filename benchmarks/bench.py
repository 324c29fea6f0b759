"""What the cases share: a folder, a local platform that the first case that needs it brings up, and what was left out."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.emulator_process import EmulatorProcess
from tests.project_copy import ProjectCopy


@dataclass(kw_only=True)
class Bench:
    """One run of the benchmarks."""

    folder: Path
    left_out: list[str] = field(default_factory=list)

    @cached_property
    def platform(self) -> ProjectCopy:
        """The local platform, provisioned and registered by the real command; no pipeline has run."""
        copy = ProjectCopy.make(self.folder / "local")
        self._brought_up = copy
        copy.plumbline("local", "up", "--skip-run")
        return copy

    @property
    def emulator(self) -> EmulatorProcess:
        """The local platform's emulator, to ask it what its own clock says."""
        ready = self.platform.ready()
        return EmulatorProcess(home=self.platform.emulator_home, ready=ready)

    def close(self) -> None:
        """Take down what was brought up."""
        if self._brought_up is not None:
            self._brought_up.plumbline("local", "reset", "--yes", check=False)

    _brought_up: ProjectCopy | None = None
