"""actionlint, the linter of GitHub workflows: the one on PATH, else built from its Go module, once a machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from plumbline.engine.cache import user_cache

VERSION = "v1.7.12"
MODULE = "github.com/rhysd/actionlint/cmd/actionlint"


def actionlint() -> Path | None:
    """The program; None where it is not and cannot be built, since there is no Go."""
    found = shutil.which("actionlint")
    if found:
        return Path(found)
    folder = user_cache() / "actionlint" / VERSION
    if not (folder / "actionlint").exists():
        if shutil.which("go") is None:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        environ = {**os.environ, "GOBIN": str(folder), "GOFLAGS": "-mod=mod"}
        subprocess.run(
            ["go", "install", f"{MODULE}@{VERSION}"],
            env=environ,
            check=True,
            capture_output=True,
            timeout=300,
        )
    return folder / "actionlint"
