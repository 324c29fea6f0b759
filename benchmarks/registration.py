"""Registering many changed components, and a preview that finds nothing, beside the official client and trivial resources."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from benchmarks.bench import Bench
from benchmarks.engine_project import TRIVIAL, EngineProject
from benchmarks.pair import Pair, Pairs
from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform
from tests.engine.provider_stack import ProviderStack

CHANGED, DELAY_SECONDS, ASSETS = 100, 0.05, 200
# Five times as fast as a loop over the official client; a preview at most a third slower than trivial resources.
OF_THE_LOOP, OF_TRIVIAL = 0.2, 1.3


def registration_pairs(bench: Bench) -> Pairs:
    """Components whose three code files changed, with a network of 50 ms a request."""
    with machine_learning_platform() as platform:
        stack = _stack(bench.folder / "registration", platform, CHANGED)
        client_folder = bench.folder / "client"
        _write(client_folder, CHANGED, "first", prefix="loop")
        rounds = iter(range(1_000_000))

        def ours() -> float:
            _write(stack.program / "ml" / "scoring", CHANGED, f"ours {next(rounds)}")
            with _delayed(platform):
                began = time.perf_counter()
                stack.up()
                return time.perf_counter() - began

        def loop() -> float:
            _write(client_folder, CHANGED, f"loop {next(rounds)}", prefix="loop")
            with _delayed(platform):
                return _sequential_loop(platform, client_folder)

        yield Pair(
            name=f"`pulumi up` of {CHANGED} components with changed code, {DELAY_SECONDS * 1000:.0f} ms a request",
            subject=ours,
            baseline=loop,
            baseline_name="a loop of MLClient.components.create_or_update over as many",
            ratio_at_most=OF_THE_LOOP,
        )


def asset_preview_pairs(bench: Bench) -> Pairs:
    """A preview that finds nothing, not looking at what is live."""
    with machine_learning_platform() as platform:
        stack = _stack(bench.folder / "previewed", platform, ASSETS)
        trivial = EngineProject.deployed(bench.folder / "as-many-trivial", TRIVIAL.format(count=ASSETS + 1))

        def preview() -> None:
            stack.run("preview", "--expect-no-changes")

        yield Pair(
            name=f"preview of {ASSETS} components without a change",
            subject=preview,
            baseline=trivial.preview,
            baseline_name=f"{ASSETS} trivial resources",
            ratio_at_most=OF_TRIVIAL,
        )


def _stack(folder: Path, platform: MachineLearningPlatform, count: int) -> ProviderStack:
    folder.mkdir(parents=True)
    stack = ProviderStack(folder, platform)
    definitions = stack.program / "ml" / "scoring"
    shutil.rmtree(definitions)
    _write(definitions, count, "first")
    stack.set(side_by_side=True)
    stack.environment["PULUMI_PARALLEL"] = "64"
    stack.up()
    return stack


def _write(folder: Path, count: int, text: str, *, prefix: str = "part") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    environment = {"name": "tools", "image": "python:3.11"}
    (folder / "environment.yml").write_text(yaml.safe_dump(environment), encoding="utf-8")
    for number in range(count):
        place = folder / "components" / f"{prefix}{number:04d}"
        (place / "src").mkdir(parents=True, exist_ok=True)
        for name in ("main.py", "part.py", "data.json"):
            (place / "src" / name).write_text(json.dumps(f"{text} {number}"), encoding="utf-8")
        component = {
            "name": f"{prefix}{number:04d}",
            "type": "command",
            "command": "python main.py --rate ${{inputs.rate}}",
            "code": "./src",
            "environment": "azureml:tools@latest" if prefix == "part" else "azureml:tools:1",
            "inputs": {"rate": {"type": "number", "default": 0.5}},
        }
        (place / "component.yml").write_text(yaml.safe_dump(component), encoding="utf-8")


@contextmanager
def _delayed(platform: MachineLearningPlatform) -> Iterator[None]:
    platform.emulator.control("PUT", "delay", {"seconds": DELAY_SECONDS})
    try:
        yield
    finally:
        platform.emulator.control("PUT", "delay", {"seconds": 0})


def _sequential_loop(platform: MachineLearningPlatform, folder: Path) -> float:
    """What a script does: one client, one component after the other; its import is not counted."""
    from azure.ai.ml import load_component
    from azure.ai.ml.entities import Environment

    client = platform.client()
    client.environments.create_or_update(Environment(name="tools", version="1", image="python:3.11"))
    began = time.perf_counter()
    for file in sorted(folder.glob("components/*/component.yml")):
        component = load_component(file)
        component.version = str(time.time_ns())
        client.components.create_or_update(component)
    return time.perf_counter() - began
