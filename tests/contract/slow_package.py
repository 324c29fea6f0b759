"""A source package whose build takes until it is told to go on, with a child process in a session of its own."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_BACKEND = """
import os, subprocess, zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    if not os.path.exists({go!r}):
        subprocess.Popen(["sleep", {mark!r}], start_new_session=True).wait()
    name = "slow_package-1.0-py3-none-any.whl"
    about = "slow_package-1.0.dist-info"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.writestr("slow_package.py", "")
        wheel.writestr(about + "/METADATA", "Metadata-Version: 2.1\\nName: slow-package\\nVersion: 1.0\\n")
        wheel.writestr(about + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(about + "/RECORD", "")
    return name
"""
_PROJECT = '[build-system]\nrequires = []\nbuild-backend = "{backend}"\nbackend-path = ["."]\n'


@dataclass(frozen=True, kw_only=True)
class SlowPackage:
    """One such package.

    Args:
        folder: where its archive lies. mark: how long it would sleep, in seconds; no other process sleeps that long.
    """

    folder: Path
    mark: str

    def write(self) -> SlowPackage:
        files = {
            "pyproject.toml": _PROJECT.format(backend=self._backend),
            f"{self._backend}.py": _BACKEND.format(go=str(self._go), mark=self.mark),
        }
        with tarfile.open(self._archive, "w:gz") as archive:
            for name, text in files.items():
                entry = tarfile.TarInfo(f"slow_package-1.0/{name}")
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))
        return self

    @property
    def conda(self) -> str:
        """An environment that needs it."""
        return f"dependencies:\n- pip:\n  - slow-package @ {self._archive.as_uri()}\n"

    def go_on(self) -> None:
        """From now on it builds at once."""
        self._go.touch()

    def building(self) -> list[psutil.Process]:
        """Every process of a build that runs: uv (with a cache in the folder), the backend, and its sleep."""
        return [
            process
            for process in psutil.process_iter(["cmdline", "status"])
            if process.info["status"] != psutil.STATUS_ZOMBIE and self._belongs(process.info["cmdline"] or [])
        ]

    def until_building(self) -> None:
        """Wait for all three."""
        self._until(lambda: len(self.building()) == 3, seconds=60)

    def until_gone(self, seconds: float) -> None:
        self._until(lambda: not self.building(), seconds=seconds)

    def _belongs(self, words: Sequence[str]) -> bool:
        is_uv = (
            bool(words) and Path(words[0]).name == "uv" and any(str(self.folder) in word for word in words)
        )
        return is_uv or list(words) == ["sleep", self.mark] or any(self._backend in word for word in words)

    def _until(self, condition: Callable[[], bool], *, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, [one.info for one in self.building()]
            time.sleep(0.02)

    @property
    def _backend(self) -> str:
        return f"slow_backend_{self.mark}"

    @property
    def _archive(self) -> Path:
        return self.folder / "slow_package-1.0.tar.gz"

    @property
    def _go(self) -> Path:
        return self.folder / "go"
