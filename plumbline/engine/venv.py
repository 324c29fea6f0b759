"""The project's `.venv`: exactly what `requirements.lock` says, plus the project itself, in place."""

import configparser
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from plumbline.engine.errors import EngineError, WayClosed
from plumbline.engine.installer import Installer, find_installer
from plumbline.engine.progress import Progress, heartbeat

STAMP = "plumbline-stamp"
_INPUTS = ("requirements.lock", "pyproject.toml")
OLDEST_PYTHON = (3, 11)


def stamp_of(root: Path) -> str:
    """What the environment was made from: one sha256 over the lock and the project file.

    `bootstrap.sh` computes the same with sha256sum or shasum, so that an unchanged environment costs no Python start.
    """
    digest = hashlib.sha256()
    for name in _INPUTS:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def environment_fault(root: Path) -> str | None:
    """Why `.venv` is not what the lock says; None when it is."""
    python = root / ".venv" / "bin" / "python"
    if not os.access(python, os.X_OK):
        return "there is no .venv, or its Python is gone"
    try:
        noted = (root / ".venv" / STAMP).read_text(encoding="utf-8").strip()
    except OSError:
        return "its set-up was never finished"
    return None if noted == stamp_of(root) else "requirements.lock or pyproject.toml changed since"


def sync_environment(root: Path, progress: Progress, environ: Mapping[str, str] = os.environ) -> bool:
    """Bring `.venv` to what the lock says; two runs at once do it once.

    Returns: whether there was anything to do.
    Raises: EngineError: when this machine cannot install it; the message has the next step.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise EngineError(
            f"python: got {sys.version.split()[0]}, expected 3.11 or newer. Next step: install one."
        )
    venv = root / ".venv"
    # The lock is taken on the file that says what to install: nothing has to be created for it, or removed.
    with (root / "requirements.lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("environment: another run is setting it up: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        fault = environment_fault(root)
        if fault is None:
            return False
        progress(f"environment: {fault}: setting it up (about a minute with a cold cache)")
        (venv / STAMP).unlink(missing_ok=True)
        try:
            _make(root, progress, environ)
        except WayClosed as error:
            raise EngineError(
                f"environment: {error}. Next step: mend what it says and run the command again."
            ) from error
        except OSError as error:
            raise EngineError(
                f"environment: {venv}: got {error.strerror or error}, expected a folder that can be written, with "
                "room. Next step: mend it and run the command again."
            ) from error
        (venv / STAMP).write_text(stamp_of(root) + "\n", encoding="utf-8")
        return True


def _make(root: Path, progress: Progress, environ: Mapping[str, str]) -> None:
    # Bytecode is compiled even where PYTHONDONTWRITEBYTECODE is set: importing azure.ai.ml uncompiled takes 5 to 10 s.
    quiet = {
        key: value
        for key, value in environ.items()
        if key not in {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV"}
    }
    uv = find_installer(progress, quiet, root / "requirements.lock")
    python = root / ".venv" / "bin" / "python"
    if _python_of(root / ".venv") is None:
        progress(
            f"environment: Python {sys.version.split()[0]} ({sys.executable}), uv {uv.version} from {uv.source}"
        )
        uv.run(["venv", "--quiet", "--clear", "--python", sys.executable, root / ".venv"], quiet)
    with heartbeat(progress, "installing the locked packages", lambda: ""):
        uv.run(
            [
                "pip",
                "sync",
                "--quiet",
                "--require-hashes",
                "--compile-bytecode",
                "--python",
                python,
                root / "requirements.lock",
            ],
            quiet,
        )
    _install_project(root, uv, python, quiet)
    packages = [name for name in ("plumbline", "stacks", "components") if (root / name).is_dir()]
    subprocess.run([python, "-m", "compileall", "-q", *packages], cwd=root, env=quiet, check=False)
    progress("environment: .venv is what requirements.lock says")


def _install_project(root: Path, uv: Installer, python: Path, environ: Mapping[str, str]) -> None:
    """Install the project in place; setuptools' by-products go to a temporary folder instead of the checkout."""
    scratch = Path(tempfile.mkdtemp(prefix="egg-", dir=root / ".venv"))
    try:
        settings = configparser.ConfigParser()
        settings["egg_info"] = {"egg_base": str(scratch)}
        settings["build"] = {"build_base": str(scratch / "build")}
        with (scratch / "setup.cfg").open("w", encoding="utf-8") as file:
            settings.write(file)
        uv.run(
            [
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--no-build-isolation",
                "--python",
                python,
                "--editable",
                root,
            ],
            {**environ, "DIST_EXTRA_CONFIG": str(scratch / "setup.cfg")},
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _python_of(venv: Path) -> str | None:
    """The version of the venv's Python when it runs and is new enough."""
    question = "import sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [venv / "bin" / "python", "-c", question], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor = (int(part) for part in answer.stdout.split())
    return f"{major}.{minor}" if (major, minor) >= OLDEST_PYTHON else None
