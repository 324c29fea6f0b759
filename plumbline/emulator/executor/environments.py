"""Environments: built by uv once for each content, kept in the user's cache, lent to a job behind a private overlay."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from plumbline.emulator.executor import interpreters
from plumbline.emulator.executor.conda import EnvironmentSpec
from plumbline.emulator.executor.overlay import site_packages

_KEPT = re.compile(r"^(UV_|PIP_|.*_PROXY$|.*_proxy$|SSL_CERT_|REQUESTS_CA_BUNDLE$|CURL_CA_BUNDLE$)")
_PLAIN = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "USER")
_BUILD_SECONDS = 1800


class BuildFailed(Exception):
    """An environment could not be built; the message names the package, `log` has uv's own words."""

    def __init__(self, message: str, log: str) -> None:
        """Args: log: what the build printed."""
        super().__init__(message)
        self.log = log


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

    def __init__(self, folder: Path | None = None) -> None:
        """Args: folder: the cache; default `cache_folder()`."""
        self._folder = folder or cache_folder()
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
            canceled: Asked while uv runs; True ends the build.
        Raises: BuildFailed: uv could not resolve or install; the message names the package.
        """
        with self._guard:
            lock = self._locks.setdefault(spec.digest, threading.Lock())
        with lock:
            known = self._known.get(spec.digest)
            if known is not None and known.folder.is_dir():
                return known
            interpreter, warning = interpreters.choose(spec.python)
            key = f"{spec.digest[:24]}-py{interpreter.version}"
            self._folder.mkdir(parents=True, exist_ok=True)
            with _locked(self._folder / f"{key}.lock"):
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
        draft = final.with_name(f"{final.name}.building")
        shutil.rmtree(draft, ignore_errors=True)  # what a killed emulator left; we hold the lock
        warnings = [warning] if warning else []
        log = [
            f"environment {label}, content {spec.digest}",
            f"interpreter {interpreter.version}",
            *(f"warning: {text}" for text in warnings),
            *spec.notes,
        ]
        run = _Uv(label, spec, log, canceled)
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
        except BuildFailed:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        text = lock.read_text().replace(str(source), "environment")
        lock.write_text(text)
        seconds = time.monotonic() - began
        log.append(f"built in {seconds:.1f} s")
        (draft / "build.log").write_text("\n".join(log) + "\n")
        (draft / "plumbline.json").write_text(
            json.dumps({"warnings": warnings, "seconds": seconds, "label": label})
        )
        draft.rename(final)


class _Uv:
    def __init__(
        self, label: str, spec: EnvironmentSpec, log: list[str], canceled: Callable[[], bool]
    ) -> None:
        self._label = label
        self._spec = spec
        self._log = log
        self._canceled = canceled

    def __call__(self, *arguments: str) -> None:
        command = [_uv(), *arguments]
        self._log.append("$ uv " + " ".join(part for part in arguments if not part.startswith("/")))
        process = subprocess.Popen(
            command,
            env=build_environment(),
            stdin=subprocess.DEVNULL,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        output: list[str] = []
        reader = threading.Thread(
            target=lambda: output.append(process.stdout.read() if process.stdout else "")
        )
        reader.start()
        until = time.monotonic() + _BUILD_SECONDS
        while True:
            try:
                process.wait(0.2)
                break
            except subprocess.TimeoutExpired:
                if self._canceled() or time.monotonic() > until:
                    process.kill()
        reader.join()
        text = re.sub(r"\x1b\[[0-9;]*m", "", "".join(output))
        self._log += text.splitlines()
        if process.returncode:
            raise BuildFailed(self._message(text), "\n".join(self._log) + "\n")

    def _message(self, text: str) -> str:
        named = [
            name
            for name in self._names()
            if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE)
        ]
        package = f"package {named[0]!r}" if named else "its packages"
        words = " ".join(line.strip(" ×╰─▶├") for line in text.splitlines() if line.strip())
        return f"environment {self._label}: {package} cannot be installed: {words[:800]}"

    def _names(self) -> list[str]:
        return [re.split(r"[\s<>=!~\[;@]", line, maxsplit=1)[0] for line in self._spec.requirements]


def build_environment() -> dict[str, str]:
    """Return the variables of a build: the caller's index and certificates, without the emulator's own bundle.

    The launcher passes what was in force before it added the emulator's certificate as PLUMBLINE_ORIGINAL_*.
    """
    kept = {name: value for name, value in os.environ.items() if name in _PLAIN or _KEPT.match(name)}
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        original = os.environ.get(f"PLUMBLINE_ORIGINAL_{name}")
        if original:
            kept[name] = original
        elif original == "":
            kept.pop(name, None)
    kept["UV_NO_PROGRESS"] = "1"
    kept["NO_COLOR"] = "1"
    return kept


def _uv() -> str:
    try:
        from uv import find_uv_bin
    except ImportError:
        found = shutil.which("uv")
        if found is None:
            raise BuildFailed("uv is not installed. Run `pip install uv`.", "") from None
        return found
    return str(find_uv_bin())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _as_reused(built: BuiltEnvironment) -> BuiltEnvironment:
    return BuiltEnvironment(**{**built.__dict__, "reused": True, "seconds": 0.0})
