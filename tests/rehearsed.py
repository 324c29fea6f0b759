"""A rehearsal of several stacks in a project copy: commands run in its shell, as one of the emulator's people."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.project_copy import ProjectCopy

STOP_SECONDS = 30
# What a person at a terminal need not say.
MACHINE_WORDS = ("--yes", "--skip-preview", "--non-interactive", "--output", "json")


@dataclass(kw_only=True)
class Rehearsal:
    """Stacks on one emulator, the first of which it is named after.

    Attributes:
        ran: Every command that was run, as a person would write it.
    """

    project: ProjectCopy
    stacks: tuple[str, ...]
    ran: set[str] = field(default_factory=set)
    _shells: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def ready(self) -> dict[str, Any]:
        """What the rehearsal's emulator says of itself."""
        home = self.project.root / ".plumbline" / "rehearsals" / self.stacks[0] / "emulator"
        document: dict[str, Any] = json.loads((home / "ready.json").read_text())
        return document

    def shell(self, who: str) -> dict[str, str]:
        """The environment that `plumbline rehearse ... --as WHO -- COMMAND` gives its command."""
        if who not in self._shells:
            first, *others = self.stacks
            words = ["rehearse", first, *(word for name in others for word in ("--with", name))]
            answer = self.project.plumbline(*words, "--keep", "--as", who, "--", "env", "-0")
            found = dict(entry.split("=", 1) for entry in answer.stdout.split("\0") if entry)
            # One stack's file for all would lead the others astray; the launcher finds each one's own.
            self._shells[who] = {key: value for key, value in found.items() if key != "PULUMI_STACK"}
        return self._shells[who]

    def read_files_again(self) -> None:
        """Begin new shells: a rehearsal copies the stacks' files when it begins."""
        self._shells.clear()

    def run(
        self, *words: str, who: str = "deployer", check: bool = True, place: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the rehearsal's shell.

        Args:
            place: A stack whose resource group and workspace a client of Azure's own is given.
        """
        environ = self.shell(who)
        self.ran.add(" ".join(word for word in words if word not in MACHINE_WORDS))
        if place is not None:
            names = {
                "AZURE_RESOURCE_GROUP": f"rg-plumbline-{place}",
                "AZUREML_WORKSPACE_NAME": f"mlw-plumbline-{place}",
                "AZURE_SUBSCRIPTION_ID": self.ready["other_subscriptions"].get(
                    place, self.ready["subscription_id"]
                ),
            }
            environ = {**environ, **names}
        return self.project.run(list(words), check=check, environ=environ)

    def up(self, stack: str) -> str:
        """`pulumi up` of a stack; answers what it said."""
        words = ("pulumi", "up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive")
        return self.run(*words).stdout

    def destroy(self, stack: str) -> None:
        """`pulumi destroy` of a stack."""
        self.run("pulumi", "destroy", "--stack", stack, "--yes", "--skip-preview", "--non-interactive")

    def answer(self, *words: str, who: str = "deployer") -> Any:
        """The JSON that one of our commands answers."""
        return json.loads(self.run("plumbline", *words, "--output", "json", who=who).stdout)

    def client(self, *words: str, place: str, who: str = "deployer") -> str:
        """Ten lines with the official client, in a workspace."""
        program = Path(__file__).with_name("official_client.py")
        return self.run(sys.executable, str(program), *words, who=who, place=place).stdout.strip()

    def stop(self) -> None:
        """End the emulator."""
        with contextlib.suppress(FileNotFoundError, psutil.NoSuchProcess):
            process = psutil.Process(self.ready["pid"])
            os.kill(process.pid, signal.SIGTERM)
            process.wait(STOP_SECONDS)


@contextlib.contextmanager
def rehearsed(folder: Path, *stacks: str) -> Iterator[Rehearsal]:
    """A project copy and a rehearsal in it, gone at the end."""
    rehearsal = Rehearsal(project=ProjectCopy.make(folder), stacks=stacks)
    try:
        yield rehearsal
    finally:
        rehearsal.stop()
