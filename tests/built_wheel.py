"""The wheel, built from this checkout, in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def build_wheel(folder: Path) -> Path:
    """Build it into a folder, as a release does."""
    _uv("build", "--wheel", "--no-build-isolation", "--out-dir", str(folder), str(REPOSITORY))
    (wheel,) = folder.glob("*.whl")
    return wheel


def environment_with(wheel: Path, folder: Path) -> Path:
    """An environment with the wheel installed and its dependencies borrowed from this one; answers its folder.

    The borrowed folder is only on the path: what is installed in place there (this checkout) is not seen.
    """
    _uv("venv", "--python", sys.executable, str(folder))
    library = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (library / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    _uv("pip", "install", "--no-deps", "--python", str(folder / "bin" / "python"), str(wheel))
    return folder


def environment_resolved(wheel: Path, folder: Path, resolution: str) -> Path:
    """An environment with the wheel and all that it asks for: `lowest-direct` or `highest` of every range."""
    _uv("venv", "--python", sys.executable, str(folder))
    python = str(folder / "bin" / "python")
    _uv("pip", "install", "--resolution", resolution, "--python", python, str(wheel))
    return folder


def _uv(*words: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "uv", "--quiet", *words], check=False, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
