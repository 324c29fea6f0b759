"""Registering many changed components, beside the official client."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.asset_stack import asset_stack, write_components
from benchmarks.bench import Bench
from benchmarks.pair import Pair, Pairs
from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform

CHANGED, DELAY_SECONDS = 100, 0.05
OF_THE_LOOP = 0.2  # five times as fast as a loop over the official client


def registration_pairs(bench: Bench) -> Pairs:
    """Components whose three code files changed, with a network of 50 ms a request."""
    with machine_learning_platform() as platform:
        stack = asset_stack(bench.folder / "registration", platform, CHANGED)
        client_folder = bench.folder / "client"
        write_components(client_folder, CHANGED, "first", prefix="loop")
        rounds = iter(range(1_000_000))

        def ours() -> float:
            write_components(stack.program / "ml" / "scoring", CHANGED, f"ours {next(rounds)}")
            with _delayed(platform):
                began = time.perf_counter()
                stack.up()
                return time.perf_counter() - began

        def loop() -> float:
            write_components(client_folder, CHANGED, f"loop {next(rounds)}", prefix="loop")
            with _delayed(platform):
                return _sequential_loop(platform, client_folder)

        yield Pair(
            name=f"`pulumi up` of {CHANGED} components with changed code, {DELAY_SECONDS * 1000:.0f} ms a request",
            subject=ours,
            baseline=loop,
            baseline_name="a loop of MLClient.components.create_or_update over as many",
            ratio_at_most=OF_THE_LOOP,
        )


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
