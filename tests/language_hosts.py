"""Pulumi's hosts of other languages: the one on PATH, else one that was built here before, else built from Go modules.

The engine that we build carries Python alone; a stock install has them all. The versions are the newest that are served
whole (YAML), and the last one whose host lies in the sdk module (Node).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from plumbline.engine.cache import user_cache

REPOSITORY = Path(__file__).resolve().parents[1]
MODULES = {
    "yaml": ("github.com/pulumi/pulumi-yaml", "v1.25.0", "cmd/pulumi-language-yaml"),
    "nodejs": ("github.com/pulumi/pulumi/sdk/v3", "v3.60.0", "nodejs/cmd/pulumi-language-nodejs"),
}
# As pulumi/pkg's own go.mod has it: the original is not served any more.
_REPLACED = "github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e"


def language_host(language: str, *, may_build: bool) -> Path:
    """The folder with `pulumi-language-LANGUAGE`; the test is skipped where there is none and none may be built."""
    program = f"pulumi-language-{language}"
    found = shutil.which(program)
    if found:
        return Path(found).parent
    module, version, package = MODULES[language]
    folder = user_cache() / "language-hosts" / f"{language}-{version}"
    if (folder / program).exists():
        return folder
    if not may_build or not shutil.which("go"):
        pytest.skip(f"no {program} on PATH, and none built before: make soak builds it where Go is")
    return _built(folder, program, module, version, package)


def generate_node_package(schema: Path, out: Path) -> None:
    """Write the Node package of a schema with the code generator of the engine's own version, built from its modules."""
    modules = REPOSITORY / "plumbline" / "engine" / "modules" / "cli"
    with tempfile.TemporaryDirectory(prefix="plumbline-generator-") as scratch:
        work = Path(scratch)
        shutil.copy(REPOSITORY / "tests" / "data" / "node_generator" / "main.go", work)
        shutil.copy(modules / "go.sum", work)
        lines = (modules / "go.mod").read_text().splitlines()
        kept = ["module generator", *(line for line in lines if not line.startswith(("module ", "tool ")))]
        (work / "go.mod").write_text("\n".join([*kept, ""]))
        program = work / "generator"
        subprocess.run(
            ["go", "build", "-o", program, "."], cwd=work, env=_go(work), check=True, capture_output=True
        )
        subprocess.run([program, schema, out], check=True, capture_output=True)


def _go(work: Path) -> dict[str, str]:
    """Go's environment with caches of its own: gigabytes that nobody needs afterwards, writable only for Go otherwise."""
    return os.environ | {
        "GOMODCACHE": str(work / "modules"), "GOCACHE": str(work / "cache"), "GOFLAGS": "-mod=mod -modcacherw",
    }  # fmt: skip


def _built(folder: Path, program: str, module: str, version: str, package: str) -> Path:
    with tempfile.TemporaryDirectory(prefix="plumbline-host-") as scratch:
        work = Path(scratch)
        (work / "go.mod").write_text(
            f"module host\n\ngo 1.25\n\nrequire {module} {version}\n\nreplace {_REPLACED}\n"
        )
        for words in (
            ["get", f"{module}/{package}@{version}"],
            ["build", "-trimpath", "-ldflags", "-s -w", "-o", str(work / program), f"{module}/{package}"],
        ):
            subprocess.run(["go", *words], cwd=work, env=_go(work), check=True, capture_output=True)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.move(work / program, folder / program)
    return folder
