"""What the platform adds to steps that do next to nothing: ten of them, each reading what the one before wrote."""

import shutil
import subprocess
from datetime import datetime
from itertools import count
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.pair import Pair, Pairs
from tests.contract.job_platform import JobPlatform, job_platform, produced

STEPS = 10
STEP_SECONDS, SLOWER = 0.1, 1.05
_FOLDER = {"type": "uri_folder"}


def chain_pairs(bench: Bench) -> Pairs:
    """A run of all, then one that reuses all; both by the emulator's clock, submitted to ended."""
    with job_platform() as jobs:
        numbers = count()
        yield Pair(
            name=f"chain of {STEPS} trivial steps (emulator's clock, submitted to ended)",
            subject=lambda: _seconds(jobs, next(numbers)),
            baseline=lambda: _by_hand(bench.folder / "chain"),
            baseline_name="their commands by hand",
            ratio_at_most=SLOWER,
            plus_seconds=STEP_SECONDS * STEPS,
        )
        _seconds(jobs, -1)
        yield Pair(
            name=f"chain of {STEPS} trivial steps, all reused",
            subject=lambda: _seconds(jobs, -1),
            baseline=lambda: _by_hand(bench.folder / "chain"),
            baseline_name="their commands by hand",
            at_most=1.0,
        )


def command(step: int, number: int, source: str, target: str) -> str:
    """A command that no other step of any run has, so that nothing is reused by chance."""
    return f"(cat {source}/lines; echo step {step} of run {number}) > {target}/lines"


def _seconds(jobs: JobPlatform, number: int) -> float:
    nodes = {"step-0": jobs.step(f"echo run {number} > ${{{{outputs.o}}}}/lines", outputs={"o": _FOLDER})}
    for step in range(1, STEPS):
        nodes[f"step-{step}"] = jobs.step(
            command(step, number, "${{inputs.i}}", "${{outputs.o}}"),
            inputs={"i": _FOLDER},
            outputs={"o": _FOLDER},
            bind={"i": produced(f"step-{step - 1}", "o")},
        )
    name, properties = jobs.run(jobs.pipeline(nodes))
    if properties["status"] != "Completed":
        raise RuntimeError(f"chain of steps: got {properties['status']}, expected Completed.")
    row = jobs.history(f"runs/{name}")
    ended, submitted = (datetime.fromisoformat(row[field]) for field in ("endTimeUtc", "createdUtc"))
    return (ended - submitted).total_seconds()


def _by_hand(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for step in range(STEPS):
        target = folder / str(step)
        target.mkdir(parents=True)
        text = (
            command(step, 0, str(folder / str(step - 1)), str(target))
            if step
            else f"echo run 0 > {target}/lines"
        )
        subprocess.run(["bash", "-c", text], check=True)
