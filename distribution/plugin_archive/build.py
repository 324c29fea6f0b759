"""Builds `pulumi-resource-plumbline-vVERSION-SYSTEM.tar.gz`: a launcher, the package and what it needs.

Source: pulumi/sdk `workspace.PluginSpec`: the name under which the engine asks a download URL for a plugin.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import yaml

from plumbline import __version__

REPOSITORY = Path(__file__).resolve().parents[2]
LAUNCHER = "pulumi-resource-plumbline"
_SCRIPT = """#!/bin/sh
# Started by the Pulumi engine, in the project's folder. What it needs lies beside it, but for the interpreter.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)
python=${{PLUMBLINE_PYTHON:-python{python}}}
if ! command -v "$python" >/dev/null 2>&1; then
    echo "plumbline: $python: got none on PATH, expected Python {python}. Install it, or name it: PLUMBLINE_PYTHON" >&2
    exit 1
fi
PYTHONPATH=$here/site
PLUMBLINE_ENGINE_PID=$PPID
export PYTHONPATH PLUMBLINE_ENGINE_PID
exec "$python" -m plumbline.provider "$@"
"""


def systems() -> dict[str, Any]:
    """The table of systems."""
    found: dict[str, Any] = yaml.safe_load(
        Path(__file__).with_name("systems.yaml").read_text(encoding="utf-8")
    )
    return found


def archive_name(system: str) -> str:
    """What the engine asks for."""
    return f"{LAUNCHER}-v{__version__}-{system}.tar.gz"


def build_archive(system: str, out: Path, *, wheel: Path, python: str | None = None) -> Path:
    """Build one archive.

    Args:
        system: As Pulumi calls it: `linux-amd64`.
        wheel: The built wheel.
        python: Optional. Minor version that its compiled dependencies are for. Default: the table's.
    """
    table = systems()
    chosen = python or table["python"]
    with tempfile.TemporaryDirectory(prefix="plumbline-archive-") as folder:
        root = Path(folder)
        place = ["--python-platform", table["systems"][system], "--python-version", chosen]
        target = ["--target", str(root / "site"), "--only-binary", ":all:"]
        _uv("pip", "install", *place, *target, *_needed(table["left_out"]))
        _uv("pip", "install", *place, *target, "--no-deps", str(wheel))
        # The template and the emulator are no part of a plugin.
        for name in ("emulator", "azure_native_plugin", "template"):
            shutil.rmtree(root / "site" / "plumbline" / name, ignore_errors=True)
        shutil.rmtree(root / "site" / "bin", ignore_errors=True)
        launcher = root / LAUNCHER
        launcher.write_text(_SCRIPT.format(python=chosen), encoding="utf-8")
        launcher.chmod(0o755)
        out.mkdir(parents=True, exist_ok=True)
        archive = out / archive_name(system)
        with tarfile.open(archive, "w:gz", compresslevel=6) as file:
            for path in (launcher, root / "site"):
                file.add(path, arcname=path.name)
    return archive


def _needed(left_out: dict[str, str]) -> list[str]:
    """The wheel's direct dependencies less what the plugin does not use."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = (line.split(";")[0].strip() for line in project["dependencies"])
    return [name for name in names if _plain(name) not in left_out]


def _plain(requirement: str) -> str:
    return requirement.split("[", maxsplit=1)[0].rstrip("=<>!~0123456789.,").strip()


def _uv(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", "--quiet", *words], check=True)
