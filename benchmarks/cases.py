"""The pairs that are measured; each generator makes what it needs in a folder and takes it down at the end."""

import json
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

from benchmarks.engine_project import EMPTY, TRIVIAL, EngineProject
from benchmarks.pair import Pair
from tests.project_copy import ProjectCopy

Pairs = Generator[Pair, None, None]
_PLUMBLINE = str(Path(sys.executable).parent / "plumbline")


def help_pairs(_folder: Path) -> Pairs:
    """What a person waits for before the first word of help."""
    yield Pair(
        name="`plumbline --help`",
        subject=lambda: _run(_PLUMBLINE, "--help"),
        baseline=lambda: _run(sys.executable, "-c", "import click"),
        baseline_name="Python importing click",
        at_most=0.25,
    )


def emulator_pairs(folder: Path) -> Pairs:
    """From the start of the process until it says that it is ready, and its clean stop."""
    home = folder / "emulator"

    def start_and_stop() -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "plumbline.emulator", "serve", "--home", str(home), "--stack", "local",
             "--cloud", "PlumblineLocal", "--tenant-id", "11111111-1111-4111-8111-111111111111",
             "--subscription-id", "22222222-2222-4222-8222-222222222222", "--location", "westeurope"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while not (home / "ready.json").exists():
                if process.poll() is not None:
                    raise subprocess.CalledProcessError(process.returncode, ["plumbline.emulator"])
                time.sleep(0.01)
        finally:
            process.terminate()
            process.wait(10)

    yield Pair(
        name="emulator: start until ready, and stop",
        subject=start_and_stop,
        baseline=lambda: _run(
            sys.executable, "-c", "import starlette.applications, uvicorn, cryptography.x509"
        ),
        baseline_name="Python importing its server",
        at_most=3.0,
    )


def preview_pairs(folder: Path) -> Pairs:
    """A preview of the local stack that finds nothing, beside the engine's own floor."""
    local = ProjectCopy.make(folder / "local")
    try:
        local.plumbline("local", "up", "--skip-run")
        environ = local.client_environment()

        def preview() -> None:
            command = ["pulumi", "preview", "--stack", "local", "--expect-no-changes", "--non-interactive"]
            subprocess.run(command, cwd=local.root, env=environ, check=True, capture_output=True, text=True)

        state = subprocess.run(
            ["pulumi", "stack", "export", "--stack", "local"],
            cwd=local.root, env=environ, check=True, capture_output=True, text=True,
        )  # fmt: skip
        count = sum(1 for row in json.loads(state.stdout)["deployment"]["resources"] if row.get("custom"))
        empty = EngineProject.deployed(folder / "empty", EMPTY)
        trivial = EngineProject.deployed(folder / "trivial", TRIVIAL.format(count=count))
        name = f"preview of the local stack without a change ({count} resources)"
        yield Pair(name=name, subject=preview, baseline=empty.preview, baseline_name="an empty program")
        yield Pair(
            name=name, subject=preview, baseline=trivial.preview, baseline_name=f"{count} trivial resources"
        )
    finally:
        local.plumbline("local", "reset", "--yes", check=False)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
