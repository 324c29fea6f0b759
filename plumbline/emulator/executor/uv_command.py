"""One call of uv under a supervisor: it ends, with all that it started, when nobody wants it or its emulator is gone."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from plumbline.emulator.executor.conda import EnvironmentSpec
from plumbline.emulator.executor.process import Nursery
from plumbline.emulator.executor.supervisor.plan import ProcessEnd, ProcessPlan

_KEPT = re.compile(r"^(UV_|PIP_|.*_PROXY$|.*_proxy$|SSL_CERT_|REQUESTS_CA_BUNDLE$|CURL_CA_BUNDLE$)")
_PLAIN = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "USER")
_BUILD_SECONDS = 1800
_ASK_SECONDS = 0.2
# Wide enough for any package: a build is bounded by its time.
_FILE_BYTES, _PROCESSES = 2**40, 4096


class BuildFailed(Exception):
    """An environment could not be built; the message names the package, `log` has uv's own words."""

    def __init__(self, message: str, log: str) -> None:
        """Args: log: what the build printed."""
        super().__init__(message)
        self.log = log


class BuildCanceled(BuildFailed):
    """Nobody wants the environment any more."""


class UvCommand:
    """Runs uv for one environment, as often as it takes."""

    def __init__(
        self,
        nursery: Nursery,
        folder: Path,
        label: str,
        spec: EnvironmentSpec,
        log: list[str],
        canceled: Callable[[], bool],
        beside: str = "",
    ) -> None:
        """Args: folder: of this build alone; log: takes what uv says; canceled: asked while uv runs.

        beside: What a failure must be read with: that another Python is used than the one asked for.
        """
        self._beside = beside
        self._nursery = nursery
        self._folder = folder
        self._label = label
        self._spec = spec
        self._log = log
        self._canceled = canceled

    def __call__(self, *arguments: str) -> None:
        """Run uv to its end. Raises: BuildFailed."""
        self._log.append("$ uv " + " ".join(part for part in arguments if not part.startswith("/")))
        output = self._folder / "uv.log"
        plan = ProcessPlan(
            name=self._folder.name, command="exec " + shlex.join([_uv(), *arguments]), sandbox=False,
            working_folder=str(Path.cwd()), environment=build_environment(), log_path=str(output),
            timeout_seconds=_BUILD_SECONDS, grace_seconds=0, disk_bytes=_FILE_BYTES, process_limit=_PROCESSES,
        )  # fmt: skip
        end = self._run(plan)
        text = re.sub(r"\x1b\[[0-9;]*m", "", output.read_text(errors="replace"))
        output.unlink()
        self._log += text.splitlines()
        if end.reason == "canceled":
            raise BuildCanceled(f"environment {self._label}: its build was canceled", self._text())
        if end.reason:
            raise BuildFailed(
                f"environment {self._label}: its build was ended: {end.detail or end.reason}", self._text()
            )
        if end.exit_code:
            raise BuildFailed(self._message(text), self._text())

    def _run(self, plan: ProcessPlan) -> ProcessEnd:
        if self._canceled():
            raise BuildCanceled(f"environment {self._label}: its build was canceled", self._text())
        process = self._nursery.start(plan)
        ends: list[ProcessEnd] = []
        waiting = threading.Thread(target=lambda: ends.append(process.wait()), daemon=True)
        waiting.start()
        asked = False
        while waiting.is_alive():
            waiting.join(_ASK_SECONDS)
            if not asked and self._canceled():
                process.cancel()
                asked = True
        return ends[0]

    def _text(self) -> str:
        return "\n".join(self._log) + "\n"

    def _message(self, text: str) -> str:
        named = [
            name
            for name in self._names()
            if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE)
        ]
        package = f"package {named[0]!r}" if named else "its packages"
        words = " ".join(line.strip(" ×╰─▶├") for line in text.splitlines() if line.strip())
        why = f" ({self._beside}: install that Python, or ask for one that is here)" if self._beside else ""
        return f"environment {self._label}: {package} cannot be installed{why}: {words[:800]}"

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
