"""An emulated stack made ready: engine, emulator, stand-in and state, in the order they need each other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plumbline.engine import Engine, EngineError, ensure_engine
from plumbline.ops.client_environment import ClientEnvironment, client_environment
from plumbline.ops.errors import UsageError, UserError
from plumbline.ops.local_home import EmulatedStack
from plumbline.ops.plugin.installed import install_plugin
from plumbline.ops.state_lock import (
    clear_dead_locks,
    clear_half_written_attributes,
    restore_half_written_state,
)

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Emulation:
    """A running emulated stack, and the way to run the engine on it.

    Attributes:
        project: The folder that commands run in.
        environment: What a child process gets.
    """

    stack: EmulatedStack
    engine: Engine
    ready: Mapping[str, Any]
    project: Path
    environment: ClientEnvironment

    def run(self, command: Sequence[str]) -> int:
        """Run a command in the project with this stack's environment, its output straight to the terminal.

        Raises: UsageError: there is no such command.
        """
        environ = self._environ()
        if shutil.which(command[0], path=environ["PATH"]) is None:
            raise UsageError(f"COMMAND: got {command[0]!r}, expected a program on PATH. Is it spelled right?")
        return subprocess.run(command, cwd=self.project, env=environ, check=False).returncode

    def read(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command and answer what it printed."""
        return subprocess.run(
            command, cwd=self.project, env=self._environ(), check=False, capture_output=True, text=True
        )

    def acting_as(self, principal: str) -> Emulation:
        """The same emulation for another of the emulator's seeded principals."""
        environment = client_environment(self.stack, self.ready, engine=self.engine.path, principal=principal)
        return replace(self, environment=environment)

    def _environ(self) -> dict[str, str]:
        return self.environment.apply(os.environ)


def begin_emulation(
    stack: EmulatedStack,
    *,
    project: Path,
    say: Say,
    principal: str = "deployer",
    azure_noise: bool = False,
    stack_folder: Path | None = None,
) -> Emulation:
    """Find the engine, start the emulator, install the azure-native stand-in, make the stack.

    Args:
        stack_folder: Where the files of its stacks lie that the engine may write to. Default: the project.
    Raises: UserError: a part is not to be had; somebody alive holds the stack.
    """
    try:
        engine = ensure_engine(say)
    except EngineError as error:
        raise UserError(str(error)) from error
    ready = stack.start(azure_noise=azure_noise)
    # Before anything reads the state.
    clear_half_written_attributes(stack.state, say)
    restore_half_written_state(stack.state, say)
    environment = client_environment(stack, ready, engine=engine.path, principal=principal)
    emulation = Emulation(stack=stack, engine=engine, ready=ready, project=project, environment=environment)
    _install_stand_in(emulation)
    install_plugin(stack.pulumi_home)
    for name in (stack.stack, *stack.also):
        clear_dead_locks(stack.state, name, say)
        _make_stack(emulation, name, stack_folder or project)
    return emulation


def _install_stand_in(emulation: Emulation) -> None:
    answer = emulation.read(
        [
            sys.executable,
            "-m",
            "plumbline.azure_native_plugin",
            "install",
            "--pulumi",
            str(emulation.engine.path / "pulumi"),
            "--pulumi-home",
            str(emulation.stack.pulumi_home),
        ]
    )
    if answer.returncode != 0:
        raise UserError(
            f"azure-native stand-in: got {answer.stderr.strip()}, expected it installed. "
            "Run: plumbline doctor"
        )


def _make_stack(emulation: Emulation, name: str, folder: Path) -> None:
    state = emulation.stack.state / ".pulumi" / "stacks"
    if not any(state.glob(f"*/{name}.json*")):
        # The one engine command that writes to the stack's file beside Pulumi.yaml, wherever it is told to look.
        answer = replace(emulation, project=folder).read(
            ["pulumi", "stack", "init", name, "--non-interactive"]
        )
        if answer.returncode != 0:
            raise UserError(f"stack {name}: init: got {answer.stderr.strip()}, expected a new stack.")
