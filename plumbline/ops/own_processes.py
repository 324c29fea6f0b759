"""The processes that work for a project's `.plumbline` folder: its emulators, and engines with their plugins.

Found by what they were started with, so that one whose note was lost, or whose parent was killed, is found too.
A pipeline's steps end with their emulator.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

EMULATOR = "plumbline.emulator"
SCRIPTS = ("pulumi-language-", "pulumi-resource-")
PLUGINS = ("plumbline.provider", "plumbline.azure_native_plugin")
END_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class OwnProcesses:
    """Who works for a folder."""

    emulators: list[psutil.Process] = field(default_factory=list)
    engines: list[psutil.Process] = field(default_factory=list)


def own_processes(home: Path) -> OwnProcesses:
    """Processes of this user that serve, or run the engine on, anything below `home`."""
    mine = [psutil.Process(), *psutil.Process().parents()]
    found = OwnProcesses()
    for process in psutil.process_iter():
        try:
            if process in mine or process.uids().real != os.getuid():
                continue
            words = process.cmdline()
            if _is_emulator(words, home):
                found.emulators.append(process)
            elif _is_engine(words) and _is_below(process.environ().get("PULUMI_HOME", ""), home):
                found.engines.append(process)
        except psutil.Error:
            continue  # it ended, or it is not ours to look at
    return found


def end_processes(processes: Iterable[psutil.Process], *, within_seconds: float = END_SECONDS) -> None:
    """Ask them to end, and kill those that do not in time."""
    left = list(processes)
    for ask in ("terminate", "kill"):
        for process in left:
            try:
                getattr(process, ask)()
            except psutil.NoSuchProcess:
                continue
        left = psutil.wait_procs(left, timeout=within_seconds)[1]


def _is_emulator(words: Sequence[str], home: Path) -> bool:
    return EMULATOR in words and "--home" in words and _is_below(_after(words, "--home"), home)


def _is_engine(words: Sequence[str]) -> bool:
    """Engine, language host or plugin: an editor that was opened in such a shell has the same variables."""
    names = [Path(word).name for word in words[:2]]
    is_program = names[:1] == ["pulumi"] or any(name.startswith(SCRIPTS) for name in names)
    return is_program or any(word in PLUGINS for word in words[1:4])


def _after(words: Sequence[str], option: str) -> str:
    at = words.index(option) + 1
    return words[at] if at < len(words) else ""


def _is_below(path: str, home: Path) -> bool:
    return bool(path) and Path(path).resolve().is_relative_to(home.resolve())
