"""The user's cache of engines: one folder a version, complete or absent, checked against its manifest."""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from plumbline.engine.errors import EngineError
from plumbline.engine.progress import Progress

MANIFEST = "manifest.json"
_STAGING = ".staging-"
_RETIRED = ".retired-"
_BUILDER = "builder.pid"
_STOP_SECONDS = 5.0


def user_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's cache folder for Plumbline: XDG_CACHE_HOME when set, else the platform's own place."""
    if environ.get("XDG_CACHE_HOME"):
        base = Path(environ["XDG_CACHE_HOME"])
    elif sys.platform == "darwin":
        base = Path(environ.get("HOME", "~")).expanduser() / "Library" / "Caches"
    else:
        base = Path(environ.get("HOME", "~")).expanduser() / ".cache"
    return base / "plumbline"


@dataclass(frozen=True, kw_only=True)
class EngineCache:
    """Engines by version below one folder."""

    folder: Path

    def bin_dir(self, version: str) -> Path:
        """Where the programs of a version lie once installed."""
        return self.folder / version / "bin"

    def fault(self, version: str) -> str | None:
        """Why the cached engine cannot be used; None when it is whole.

        Sizes and times are compared on each call; a file whose time moved is hashed again.
        """
        home = self.folder / version
        if not home.is_dir():
            return "nothing is cached"
        manifest = read_manifest(home)
        if manifest is None:
            return "its manifest is missing or unreadable"
        for name, row in manifest["files"].items():
            path = home / "bin" / name
            try:
                status = path.stat()
            except OSError:
                return f"{name} is missing"
            if status.st_size != row["size"]:
                return f"{name} has {status.st_size} bytes, expected {row['size']}"
            if not os.access(path, os.X_OK):
                return f"{name} is not executable"
            if status.st_mtime_ns != row["mtime_ns"] and sha256_of(path) != row["sha256"]:
                return f"{name} does not have the content that was installed"
        return None

    @contextmanager
    def locked(self, progress: Progress) -> Iterator[None]:
        """Hold the cache alone; a second run waits here. The system frees the lock when its holder dies."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                progress(
                    f"another run (process {lock.read().strip() or 'unknown'}) is getting the engine: waiting for it"
                )
                fcntl.flock(lock, fcntl.LOCK_EX)
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            self._clear_leftovers(progress)
            yield

    @contextmanager
    def staging(self, version: str) -> Iterator[Path]:
        """A temporary folder beside the target, removed at the end whatever happens."""
        folder = Path(tempfile.mkdtemp(prefix=f"{_STAGING}{version}-", dir=self.folder))
        (folder / "bin").mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def install(self, staged_bin: Path, version: str, way: str) -> Path:
        """Make a staged `bin` folder the engine of a version, in one rename.

        Raises: EngineError: when what was staged does not say that it is this version.
        """
        said = program_version(staged_bin / "pulumi")
        if said != version:
            raise EngineError(
                f"engine: the staged pulumi: got version {said or 'none'}, expected {version}. "
                "Next step: run the command again; if it stays, report it with this message."
            )
        home = staged_bin.parent / "install"
        home.mkdir()
        staged_bin.rename(home / "bin")
        manifest = {
            "version": version,
            "way": way,
            "files": {p.name: _row(p) for p in sorted((home / "bin").iterdir())},
        }
        (home / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        target = self.folder / version
        if target.exists():
            retired = Path(tempfile.mkdtemp(prefix=_RETIRED, dir=self.folder))
            target.rename(retired / "engine")
            shutil.rmtree(retired, ignore_errors=True)
        home.rename(target)
        return target / "bin"

    def _clear_leftovers(self, progress: Progress) -> None:
        for folder in [*self.folder.glob(f"{_STAGING}*"), *self.folder.glob(f"{_RETIRED}*")]:
            progress(f"removing what a cut-off run left behind: {folder.name}")
            stop_orphaned_builder(folder)
            shutil.rmtree(folder, ignore_errors=True)


def read_manifest(home: Path) -> dict[str, dict[str, dict[str, str | int]]] | None:
    """An installed engine's manifest, or None when there is none that can be read."""
    try:
        manifest = json.loads((home / MANIFEST).read_text(encoding="utf-8"))
        return manifest if manifest["files"] and manifest["version"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember_builder(staging: Path, pid: int) -> None:
    """Note who builds in a staging folder, so that a later run can stop it if this one is killed."""
    (staging / _BUILDER).write_text(str(pid), encoding="utf-8")


def stop_orphaned_builder(staging: Path) -> None:
    """Stop a compiler that outlived the run which started it; its command line names its staging folder."""
    try:
        pid = int((staging / _BUILDER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    deadline = time.monotonic() + _STOP_SECONDS
    while staging.name in _command_line(pid) and time.monotonic() < deadline:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        time.sleep(0.02)


def _command_line(pid: int) -> str:
    shown = subprocess.run(
        ["ps", "-ww", "-p", str(pid), "-o", "args="], capture_output=True, text=True, check=False
    )
    return shown.stdout


def program_version(pulumi: Path) -> str | None:
    """What `pulumi version` answers, without its leading v; None when it does not run."""
    quiet = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"}
    try:
        answer = subprocess.run(
            [pulumi, "version"], capture_output=True, text=True, timeout=30, check=True, env=quiet
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip().removeprefix("v") or None


def sha256_of(path: Path) -> str:
    """The sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _row(path: Path) -> dict[str, str | int]:
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": sha256_of(path)}
