"""The pairs of commands that a person waits for, and of the emulator's start."""

import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.engine_project import EMPTY, TRIVIAL, EngineProject
from benchmarks.pair import Pair, Pairs
from tests.emulator_process import EmulatorProcess

_PLUMBLINE = str(Path(sys.executable).parent / "plumbline")


def help_pairs(_bench: Bench) -> Pairs:
    """What a person waits for before the first word of help."""
    yield Pair(
        name="`plumbline --help`",
        subject=lambda: _run(_PLUMBLINE, "--help"),
        baseline=lambda: _run(sys.executable, "-c", "import click"),
        baseline_name="Python importing click",
        at_most=0.25,
    )


def emulator_pairs(bench: Bench) -> Pairs:
    """From the start of the process until it says that it is ready; stopping it is not counted."""

    def start() -> float:
        emulator = EmulatorProcess(home=bench.folder / "emulator")
        began = time.perf_counter()
        try:
            emulator.start()
            return time.perf_counter() - began
        finally:
            emulator.stop()

    yield Pair(
        name="emulator: start until ready",
        subject=start,
        baseline=lambda: _run(
            sys.executable, "-c", "import starlette.applications, uvicorn, cryptography.x509"
        ),
        baseline_name="Python importing its server",
        at_most=3.0,
    )


def preview_pairs(bench: Bench) -> Pairs:
    """A preview of the local stack that finds nothing, beside the engine's own floor."""
    platform = bench.platform
    environ = platform.client_environment()

    def pulumi(*words: str) -> str:
        command = ["pulumi", *words, "--stack", "local", "--non-interactive"]
        return subprocess.run(
            command, cwd=platform.root, env=environ, check=True, capture_output=True, text=True
        ).stdout

    state = json.loads(pulumi("stack", "export"))["deployment"]
    count = sum(
        1 for row in state["resources"] if row.get("custom") and not row["type"].startswith("pulumi:")
    )
    empty = EngineProject.deployed(bench.folder / "empty", EMPTY)
    trivial = EngineProject.deployed(bench.folder / "trivial", TRIVIAL.format(count=count))
    plain = f"preview of the local stack without a change ({count} resources), not looking at what is live"

    def preview(*words: str) -> None:
        pulumi("preview", "--expect-no-changes", *words)

    yield Pair(
        name=plain,
        subject=lambda: preview("--refresh=false"),
        baseline=empty.preview,
        baseline_name="an empty program",
    )
    yield Pair(
        name=plain,
        subject=lambda: preview("--refresh=false"),
        baseline=trivial.preview,
        baseline_name=f"{count} trivial resources",
    )
    yield Pair(
        name="the same, looking at what is live, as Pulumi.yaml asks for",
        subject=preview,
        baseline=lambda: trivial.preview("--refresh"),
        baseline_name=f"{count} trivial resources, refreshed",
    )


def up_pairs(bench: Bench) -> Pairs:
    """`make up` when there is nothing to do: its set-up takes milliseconds then, this is the rest."""
    platform = bench.platform

    def up() -> None:
        platform.plumbline("local", "up")

    up()  # the run that the next ones find
    platform.control("DELETE", "requests")
    empty = EngineProject.deployed(bench.folder / "empty-up", EMPTY)
    yield Pair(
        name="`plumbline local up`, second time",
        subject=up,
        baseline=lambda: empty.pulumi("up", "--yes", "--skip-preview", "--stack", "bench"),
        baseline_name="`pulumi up` of an empty program",
        at_most=20.0,
    )


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
