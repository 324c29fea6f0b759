"""Previews of many assets that find nothing, beside as many trivial resources, and reading their definitions."""

import subprocess
import sys

from benchmarks.asset_stack import asset_stack
from benchmarks.bench import Bench
from benchmarks.engine_project import TRIVIAL, EngineProject
from benchmarks.pair import Pair, Pairs
from tests.contract.machine_learning_platform import machine_learning_platform
from tests.engine.provider_stack import ProviderStack

FEW, MANY = 200, 4000
# A preview at most a third slower than trivial resources; one of thousands within a minute, read within ten seconds.
OF_TRIVIAL, MANY_AT_MOST, READ_AT_MOST = 1.3, 60.0, 10.0
_LOAD = """import sys
from pathlib import Path
from plumbline.assets import load_ml_pipelines

(pipeline,) = load_ml_pipelines([Path("ml/scoring")], root=Path.cwd())
assert len(pipeline.components) == int(sys.argv[1])
"""
_READ = """import hashlib, sys, yaml
from pathlib import Path

files = sorted(Path("ml/scoring/components").glob("*/component.yml"))
for file in files:
    component = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    for code in sorted((file.parent / component["code"]).iterdir()):
        hashlib.sha256(code.read_bytes())
assert len(files) == int(sys.argv[1])
"""


def asset_preview_pairs(bench: Bench) -> Pairs:
    """A preview that finds nothing, not looking at what is live."""
    with machine_learning_platform() as platform:
        stack = asset_stack(bench.folder / "previewed", platform, FEW)
        yield _preview_pair(bench, stack, FEW, ratio_at_most=OF_TRIVIAL)


def many_asset_pairs(bench: Bench) -> Pairs:
    """The same of thousands, and what of it is reading their files."""
    with machine_learning_platform() as platform:
        stack = asset_stack(bench.folder / "many", platform, MANY)
        yield Pair(
            name=f"reading and checking {MANY} components, each with its own file and three code files",
            subject=lambda: _python(stack, _LOAD),
            baseline=lambda: _python(stack, _READ),
            baseline_name="PyYAML's C loader over the same files, SHA-256 over the same code",
            at_most=READ_AT_MOST,
        )
        yield _preview_pair(bench, stack, MANY, at_most=MANY_AT_MOST)


def _preview_pair(
    bench: Bench,
    stack: ProviderStack,
    count: int,
    *,
    ratio_at_most: float | None = None,
    at_most: float | None = None,
) -> Pair:
    trivial = EngineProject.deployed(bench.folder / f"trivial-{count + 1}", TRIVIAL.format(count=count + 1))
    # Both as parallel as the engine is by itself.
    stack.environment.pop("PULUMI_PARALLEL", None)

    def preview() -> None:
        stack.run("preview", "--expect-no-changes")

    return Pair(
        name=f"preview of {count} components without a change",
        subject=preview,
        baseline=trivial.preview,
        baseline_name=f"{count + 1} trivial resources",
        ratio_at_most=ratio_at_most,
        at_most=at_most,
    )


def _python(stack: ProviderStack, program: str) -> None:
    environ = stack.platform.emulator.environment(stack.principal, base=stack.environment)
    subprocess.run([sys.executable, "-c", program, str(MANY)], cwd=stack.program, env=environ, check=True)
