"""Environments: built by uv once for each content, kept in the user's cache, lent to a job behind a private overlay."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from plumbline.emulator.executor import interpreters
from plumbline.emulator.executor.conda import EnvironmentSpec
from plumbline.emulator.executor.overlay import site_packages
from plumbline.emulator.executor.process import Nursery
from plumbline.emulator.executor.uv_command import BuildCanceled, BuildFailed, UvCommand

__all__ = ["BuildCanceled", "BuildFailed", "BuiltEnvironment", "EnvironmentBuilder", "cache_folder"]
_ASK_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class BuiltEnvironment:
    """An environment in the cache; never written to again.

    Args:
        lock: The resolved set, one `name==version` with hashes each, as pip reads it.
        log: What was done, with warnings.
        reused: It was there already.
    """

    digest: str
    folder: Path
    interpreter: interpreters.Interpreter
    lock: str
    log: str
    warnings: tuple[str, ...]
    reused: bool
    seconds: float

    @property
    def site_packages(self) -> Path:
        """Where the packages lie."""
        return site_packages(self.folder, self.interpreter)


def cache_folder() -> Path:
    """Return the user's cache of environments, whatever home an emulator has."""
    chosen = os.environ.get("PLUMBLINE_ENVIRONMENT_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "plumbline" / "environments"


class EnvironmentBuilder:
    """Builds what is not there yet; two emulators may share one cache."""

    def __init__(self, nursery: Nursery, folder: Path | None = None) -> None:
        """Args: nursery: runs uv; folder: the cache, default `cache_folder()`."""
        self._nursery = nursery
        self._folder = (folder or cache_folder()).absolute()
        self._known: dict[str, BuiltEnvironment] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    @property
    def folder(self) -> Path:
        """The cache."""
        return self._folder

    def build(
        self, spec: EnvironmentSpec, *, label: str, canceled: Callable[[], bool] = lambda: False
    ) -> BuiltEnvironment:
        """Return the environment for a spec, built if need be.

        Args:
            label: NAME:VERSION, for messages.
            canceled: Asked while uv runs, and while another build of the same is waited for; True ends either.
        Raises: BuildFailed: uv could not resolve or install; the message names the package. BuildCanceled.
        """
        with self._guard:
            lock = self._locks.setdefault(spec.digest, threading.Lock())
        with _held(lock, label, canceled):
            known = self._known.get(spec.digest)
            if known is not None and known.folder.is_dir():
                return known
            interpreter, warning = interpreters.choose(spec.python)
            key = f"{spec.digest[:24]}-py{interpreter.version}"
            self._folder.mkdir(parents=True, exist_ok=True)
            with _locked(self._folder / f"{key}.lock", label, canceled):
                final = self._folder / key
                reused = final.is_dir()
                if not reused:
                    self._make(spec, final, interpreter, warning, label, canceled)
            record = json.loads((final / "plumbline.json").read_text())
            built = BuiltEnvironment(
                digest=spec.digest,
                folder=final,
                interpreter=interpreter,
                reused=reused,
                lock=(final / "requirements.lock").read_text(),
                log=(final / "build.log").read_text(),
                warnings=tuple(record["warnings"]),
                seconds=0.0 if reused else record["seconds"],
            )
            self._known[spec.digest] = _as_reused(built)
            return built

    def _make(
        self,
        spec: EnvironmentSpec,
        final: Path,
        interpreter: interpreters.Interpreter,
        warning: str,
        label: str,
        canceled: Callable[[], bool],
    ) -> None:
        began = time.monotonic()
        for left in self._folder.glob(f"{final.name}.building*"):
            shutil.rmtree(left, ignore_errors=True)  # by a killed emulator; we hold the lock
        warnings = [warning] if warning else []
        log = [
            f"environment {label}, content {spec.digest}",
            f"interpreter {interpreter.version}",
            *(f"warning: {text}" for text in warnings),
            *spec.notes,
        ]
        # A folder of this build alone: what a killed emulator's build may still do, it does in its own.
        folder = Path(tempfile.mkdtemp(prefix=f"{final.name}.building-", dir=self._folder))
        draft = folder / "environment"
        run = UvCommand(self._nursery, folder, label, spec, log, canceled, warning)
        try:
            run("venv", "--python", str(interpreter.executable), "--no-project", "--no-config", str(draft))
            source = draft / "requirements.in"
            source.write_text("\n".join((*spec.pip_options, *spec.requirements, *spec.seeds)) + "\n")
            lock = draft / "requirements.lock"
            python = str(draft / "bin" / "python")
            run(
                "pip",
                "compile",
                "--quiet",
                "--no-header",
                "--no-emit-index-url",
                "--generate-hashes",
                "--python",
                python,
                "--output-file",
                str(lock),
                str(source),
            )
            run(
                "pip",
                "install",
                "--no-deps",
                "--compile-bytecode",
                "--python",
                python,
                "--requirements",
                str(lock),
            )
            lock.write_text(lock.read_text().replace(str(source), "environment"))
            seconds = time.monotonic() - began
            log.append(f"built in {seconds:.1f} s")
            (draft / "build.log").write_text("\n".join(log) + "\n")
            (draft / "plumbline.json").write_text(
                json.dumps({"warnings": warnings, "seconds": seconds, "label": label})
            )
            draft.rename(final)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _held(lock: threading.Lock, label: str, canceled: Callable[[], bool]) -> Iterator[None]:
    while not lock.acquire(timeout=_ASK_SECONDS):
        _ask(label, canceled)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _locked(path: Path, label: str, canceled: Callable[[], bool]) -> Iterator[None]:
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                _ask(label, canceled)
                time.sleep(_ASK_SECONDS)
        yield


def _ask(label: str, canceled: Callable[[], bool]) -> None:
    if canceled():
        raise BuildCanceled(f"environment {label}: nobody waits for its build any more", "")


def _as_reused(built: BuiltEnvironment) -> BuiltEnvironment:
    return BuiltEnvironment(**{**built.__dict__, "reused": True, "seconds": 0.0})
