"""uv, which installs everything Python here: found on PATH, in the venv, in the user's cache, or brought by pip."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from plumbline.engine.cache import user_cache
from plumbline.engine.errors import WayClosed
from plumbline.engine.progress import Progress

LOCK = Path("requirements.lock")


@dataclass(frozen=True, kw_only=True)
class Installer:
    """A uv that runs."""

    uv: Path
    version: str
    source: str

    def run(self, arguments: Sequence[str | Path], environ: Mapping[str, str]) -> None:
        """Run uv; its own words become the reason when it fails.

        Raises: WayClosed: when uv fails.
        """
        done = subprocess.run(
            [self.uv, *arguments], capture_output=True, text=True, check=False, env=dict(environ)
        )
        if done.returncode != 0:
            raise WayClosed(f"uv {arguments[0]} failed: {_last_words(done.stderr)}")

    def install_into(self, folder: Path, lock: Path, environ: Mapping[str, str]) -> None:
        """Install a hashed lock file into a plain folder."""
        self.run(
            [
                "pip",
                "install",
                "--quiet",
                "--python",
                sys.executable,
                "--target",
                folder,
                "--require-hashes",
                "-r",
                lock,
            ],
            environ,
        )


def find_installer(
    progress: Progress, environ: Mapping[str, str] = os.environ, lock: Path = LOCK
) -> Installer:
    """Find uv, or bring it into the user's cache with pip, in the version and with the hashes of the lock.

    Raises: WayClosed: when there is neither uv nor a pip to bring it.
    """
    kept = user_cache(environ) / "uv"
    on_path = shutil.which("uv", path=environ.get("PATH", ""))
    candidates = [(Path(on_path), "PATH")] if on_path else []
    candidates += [
        (Path(sys.executable).parent / "uv", "the running environment"),
        (kept / "bin" / "uv", "the cache"),
    ]
    for uv, source in candidates:
        version = uv_version(uv)
        if version is not None:
            return Installer(uv=uv, version=version, source=source)
    progress("no uv on PATH: bringing it with pip into the user's cache")
    bring_uv(kept, lock, environ)
    version = uv_version(kept / "bin" / "uv")
    if version is None:
        raise WayClosed("the uv that pip brought does not run here")
    return Installer(uv=kept / "bin" / "uv", version=version, source="pip")


def uv_version(uv: Path) -> str | None:
    """What `uv --version` answers; None when it does not run."""
    try:
        answer = subprocess.run([uv, "--version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    words = answer.stdout.split()
    return words[1] if len(words) > 1 else None


def locked_block(lock: Path, name: str) -> str:
    """One package's requirement with its hashes, as the lock file has it.

    Raises: WayClosed: when the lock does not name the package.
    """
    found = re.search(rf"^{re.escape(name)}==(?:.*\\\n)+.*\n", lock.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise WayClosed(f"{lock} does not name {name}")
    return found[0]


def bring_uv(kept: Path, lock: Path, environ: Mapping[str, str]) -> None:
    """Install uv with whichever pip exists: a private venv's, else the interpreter's own into a plain folder.

    `--target` asks no permission of an externally managed Python and touches nothing but the folder.
    """
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".uv-", dir=kept.parent) as name:
        scratch = Path(name)
        wanted = scratch / "uv.lock.txt"
        wanted.write_text(locked_block(lock, "uv"), encoding="utf-8")
        made = _run([sys.executable, "-m", "venv", scratch / "venv"], environ)
        pip = scratch / "venv" / "bin" / "python" if made.returncode == 0 else Path(sys.executable)
        brought = _run(
            [
                pip,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--require-hashes",
                "--target",
                scratch / "uv",
                "-r",
                wanted,
            ],
            environ,
        )
        if brought.returncode != 0:
            raise WayClosed(
                f"uv: got no working installer ({_last_words(brought.stderr)}), expected uv on PATH or a Python with "
                "pip. Next step: install uv (https://docs.astral.sh/uv) or, on Debian and Ubuntu, "
                "`apt install python3-venv`, and run the command again"
            )
        shutil.rmtree(kept, ignore_errors=True)
        (scratch / "uv").rename(kept)


def _run(command: Sequence[str | Path], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(environ))


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-3:]) or "no message"
