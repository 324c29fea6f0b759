"""The folders of one running step, and what it may do in them."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

_PACKAGE_INDEX = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_CERT",
    "PIP_DEFAULT_TIMEOUT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)


@dataclass(frozen=True, kw_only=True)
class StepFolder:
    """Where a step works: `home/runs/NAME`."""

    root: Path

    @property
    def work(self) -> Path:
        """Working folder: a copy of the code, with outputs/ and logs/."""
        return self.root / "work"

    @property
    def inputs(self) -> Path:
        """A folder an input; read only where Landlock is."""
        return self.root / "inputs"

    @property
    def outputs(self) -> Path:
        """A folder or file an output."""
        return self.root / "outputs"

    @property
    def temporary(self) -> Path:
        """TMPDIR."""
        return self.root / "tmp"

    @property
    def home(self) -> Path:
        """HOME."""
        return self.root / "home"

    @property
    def environment(self) -> Path:
        """The private environment."""
        return self.root / "env"

    @property
    def certificates(self) -> Path:
        """The emulator's public certificate, for MLflow."""
        return self.root / "tls" / "ca.pem"

    @property
    def artifacts(self) -> Path:
        """Logs that the executor writes: user_logs/ and system_logs/."""
        return self.root / "artifacts"

    def create(self, certificate: Path) -> None:
        """Empty and make the folders."""
        shutil.rmtree(self.root, ignore_errors=True)
        for folder in (
            self.work,
            self.inputs,
            self.outputs,
            self.temporary,
            self.home,
            self.certificates.parent,
            self.artifacts / "user_logs",
            self.artifacts / "system_logs",
        ):
            folder.mkdir(parents=True, mode=0o700)
        shutil.copyfile(certificate, self.certificates)

    def writable(self) -> list[str]:
        """Paths that the step may write."""
        return [str(path) for path in (self.work, self.outputs, self.temporary, self.home, self.environment)]

    def readable(self) -> list[str]:
        """Paths of its own that the step may read only."""
        return [str(self.inputs), str(self.certificates.parent)]

    def clear(self, *, logs_too: bool) -> None:
        """Remove what the step had; its outputs and logs lie in the blob store by then.

        Whatever rights it set on files and folders are set back first: no kernel keeps a step from chmod, and a
        linked input is the blob store's own file.
        """
        for folder in (self.work, self.inputs, self.outputs, self.temporary, self.home, self.environment):
            _take_back(folder, files_too=folder == self.inputs)
            shutil.rmtree(folder, ignore_errors=True)
        if logs_too:
            shutil.rmtree(self.root, ignore_errors=True)


def _take_back(folder: Path, *, files_too: bool) -> None:
    """Give the owner, and nobody else, the rights on a folder and what is below it; links are left alone."""
    waiting = [] if folder.is_symlink() else [os.fspath(folder)]
    while waiting:
        here = waiting.pop()
        with contextlib.suppress(OSError):  # not there, or its path is too long
            os.chmod(here, 0o700)
            for entry in os.scandir(here):
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif files_too and entry.is_file(follow_symlinks=False):
                    os.chmod(entry.path, 0o600)


def base_variables(folder: StepFolder, binaries: Path) -> dict[str, str]:
    """Return the variables that every step has: the path, its own folders, how packages are installed.

    Nothing else of the emulator's own environment goes in.
    """
    found = {
        "PATH": f"{binaries}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(folder.home),
        "TMPDIR": str(folder.temporary),
        "VIRTUAL_ENV": str(binaries.parent),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "MPLCONFIGDIR": str(folder.temporary / "matplotlib"),
    }
    found |= {name: os.environ[name] for name in _PACKAGE_INDEX if name in os.environ}
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        original = os.environ.get(f"PLUMBLINE_ORIGINAL_{name}", os.environ.get(name))
        if original:
            found[name] = original
    return found
