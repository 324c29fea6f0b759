"""Which Python runs a step: the exact minor version where the machine has one, else the nearest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_NAME = re.compile(r"^python3\.(\d+)$")
_OLDEST_MINOR = 7


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """One Python on this machine.

    Args:
        executable: Absolute path, links resolved.
        prefix: Folder that must be readable to run it.
        version: For example "3.11.7".
    """

    executable: Path
    prefix: Path
    version: str

    @property
    def minor(self) -> int:
        """The 11 of 3.11.7."""
        return int(self.version.split(".")[1])


def choose(asked: str | None) -> tuple[Interpreter, str]:
    """Return the interpreter for a version asked for, and a warning where it is not the one (else "").

    Args:
        asked: "3.11", "3.11.4", "3" or None: the emulator's own version then.
    """
    own = _own()
    if asked is None or not re.match(r"^3\.\d+", asked):
        return (
            own,
            "" if asked is None or asked == "3" else f"python {asked}: not known here, {own.version} is used",
        )
    minor = int(asked.split(".")[1])
    found = installed()
    if minor in found:
        chosen = found[minor]
        exact = asked.count(".") < 2 or asked.rstrip(".*") == chosen.version
        return (
            chosen,
            ""
            if exact
            else f"python {asked}: not installed, {chosen.version} of the same minor version is used",
        )
    # A newer one first: packages drop old versions sooner than they lack the next one.
    nearest = min(found.values(), key=lambda one: (abs(one.minor - minor), one.minor < minor))
    return (
        nearest,
        f"python {asked}: not installed on this machine, {nearest.version} is used; results may differ",
    )


@cache
def installed() -> dict[int, Interpreter]:
    """Return the interpreters found, by minor version: PATH, pyenv's and uv's folders, and the emulator's own."""
    found = {_own().minor: _own()}
    for candidate in _candidates():
        match = _NAME.match(candidate.name)
        if not match or int(match[1]) in found or int(match[1]) < _OLDEST_MINOR:
            continue
        interpreter = _ask(candidate)
        if interpreter is not None:
            found.setdefault(interpreter.minor, interpreter)
    return found


def _candidates() -> list[Path]:
    folders = [
        Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part and "shims" not in part
    ]
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions"
    managed = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", home / ".local/share/uv/python"))
    for root in (pyenv, managed):
        if root.is_dir():
            folders += sorted((folder / "bin" for folder in root.iterdir()), reverse=True)
    folders += [Path("/usr/bin"), Path("/usr/local/bin"), Path("/opt/homebrew/bin")]
    return [file for folder in folders if folder.is_dir() for file in sorted(folder.glob("python3.*"))]


def _ask(path: Path) -> Interpreter | None:
    code = "import sys; print(sys.executable); print(sys.base_prefix); print('.'.join(map(str, sys.version_info[:3])))"
    try:
        answer = subprocess.run(
            [str(path), "-I", "-S", "-c", code], capture_output=True, text=True, timeout=20, check=True
        ).stdout.split("\n")
    except (OSError, subprocess.SubprocessError):
        return None
    base = Path(answer[1])
    executable = base / "bin" / path.name
    return Interpreter(
        executable=(executable if executable.exists() else Path(answer[0])).resolve(),
        prefix=base.resolve(),
        version=answer[2],
    )


@cache
def _own() -> Interpreter:
    version = ".".join(map(str, sys.version_info[:3]))
    executable = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info[1]}"
    if not executable.exists():
        executable = Path(getattr(sys, "_base_executable", sys.executable))
    return Interpreter(
        executable=executable.resolve(), prefix=Path(sys.base_prefix).resolve(), version=version
    )
