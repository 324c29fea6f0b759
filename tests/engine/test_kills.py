"""Protects what a plugin leaves that is killed beside a remote call: the next up converges, nothing doubled, nothing lost."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform
from tests.engine.provider_stack import ProviderStack, plugins_of, wait_for

PRIMARY = (
    "scoring_tools",
    "table",
    "remote_table",
    "baseline",
    "report",
    "score",
    "score_and_report",
    "scoring_weekly",
)
OBJECTS = ("scoring_weekly", "endpoint", "deployment")
LARGE_MIB = 65  # azure-storage-blob sends up to 64 MiB in one request, the rest in blocks of 4
BLOCKS = LARGE_MIB // 4 + 1


@dataclass(frozen=True, kw_only=True)
class Call:
    """One remote call of a registration.

    Attributes:
        of: The resource that it is made for; what that one refers to is declared too.
        path: Regular expression for its path; `{name}` is the resource's name in Azure.
        nth: Which of the requests at that path: a file is sent, then marked as whole.
        large: Whether the data has a file that goes up in blocks.
    """

    of: str
    path: str
    method: str = "PUT"
    nth: int = 1
    large: bool = False


CALLS = {
    "environment: context's file": Call(of="scoring_tools", path=r"Dockerfile$"),
    "environment: context's mark": Call(of="scoring_tools", path=r"Dockerfile$", nth=2),
    "environment: version": Call(of="scoring_tools", path="environments/{name}/versions/"),
    "data: file": Call(of="table", path=r"table\.csv$"),
    "data: mark": Call(of="table", path=r"table\.csv$", nth=2),
    "data: first block": Call(of="table", path=r"large\.bin$", large=True),
    "data: last block": Call(of="table", path=r"large\.bin$", nth=BLOCKS, large=True),
    "data: list of blocks": Call(of="table", path=r"large\.bin$", nth=BLOCKS + 1, large=True),
    "data: version": Call(of="table", path="data/{name}/versions/"),
    "data elsewhere: version": Call(of="remote_table", path="data/{name}/versions/"),
    "model: file": Call(of="baseline", path=r"weights\.txt$"),
    "model: version": Call(of="baseline", path="models/{name}/versions/"),
    "code: address": Call(of="score", method="POST", path=r"/codes/.+/startPendingUpload$"),
    "code: file": Call(of="score", path=r"score\.py$"),
    "code: mark": Call(of="score", path=r"score\.py$", nth=2),
    "code: version": Call(of="score", path="/codes/[^/]+/versions/[^/]+$"),
    "component: version": Call(of="score", path="components/{name}/versions/"),
    "component without code: version": Call(of="report", path="components/{name}/versions/"),
    "pipeline component: version": Call(of="score_and_report", path="components/{name}/versions/"),
    "schedule": Call(of="scoring_weekly", path="schedules/{name}$"),
    "endpoint": Call(of="endpoint", path="batchEndpoints/scoring$"),
    "deployment": Call(of="deployment", path="deployments/current$"),
}
FILES = {
    "score": "components/score/src/score.py",
    "table": "data/files/table.csv",
    "baseline": "model/weights.txt",
}
NEEDS = {
    "scoring_tools": (),
    "table": (),
    "remote_table": (),
    "baseline": (),
    "report": ("scoring_tools",),
    "score": ("scoring_tools",),
    "score_and_report": ("scoring_tools", "score", "report"),
    "scoring_weekly": PRIMARY,
    "endpoint": PRIMARY,
    "deployment": PRIMARY,
}


@pytest.fixture(scope="module")
def platform() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform(azure_noise=True) as made:
        yield made


def _fresh(stack: ProviderStack, tag: str, call: Call) -> dict[str, str]:
    """Names and files that no other case registers; primary name -> its name here."""
    folder = stack.program / "ml" / "scoring"
    declared = {call.of, *NEEDS[call.of]}
    if call.of in ("endpoint", "deployment"):
        stack.set(endpoint={"deployment": {"default": True}}, side_by_side=True)
        return {name: name for name in PRIMARY}
    if "Dockerfile" in call.path:
        (folder / "context").mkdir()
        (folder / "context" / "Dockerfile").write_text(f"FROM mcr.example/base:1\nLABEL case={tag}\n")
        (folder / "environment.yml").write_text("name: scoring_tools\nbuild: {path: ./context}\n")
    for file in folder.rglob("*.yml"):
        text = re.sub(r"(?m)^name: (\w+)$", rf"name: \1_{tag}", file.read_text())
        file.write_text(re.sub(r"azureml:(\w+)@latest", rf"azureml:\1_{tag}@latest", text))
    for name in FILES.values():
        with (folder / name).open("a") as file:
            file.write(f"# {tag}\n")
    if call.large:
        (folder / "data" / "files" / "large.bin").write_bytes(tag.encode() + os.urandom(LARGE_MIB << 20))
    names = {name: f"{name}_{tag}" for name in PRIMARY}
    stack.set(leave_out=[here for name, here in names.items() if name not in declared], side_by_side=True)
    return names


def _require_files(stack: ProviderStack, call: Call) -> None:
    """What went up for the resource is there byte by byte."""
    if call.of not in FILES:
        return
    file = stack.program / "ml" / "scoring" / FILES[call.of]
    wanted = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    found: dict[str, list[bytes]] = {name: [] for name in wanted}
    service = stack.platform.blobs()
    for container in service.list_containers():
        client = service.get_container_client(container.name)
        for blob in client.list_blobs():
            name = blob.name.rpartition("/")[2]
            if name in wanted and blob.size == len(wanted[name]):
                found[name].append(client.download_blob(blob.name).readall())
    assert all(content in found[name] for name, content in wanted.items() if name in (file.name, "large.bin"))


def _require_whole(stack: ProviderStack, names: dict[str, str]) -> None:
    """Everything is there once, as it was written, and this stack's own."""
    resources = stack.resources()
    for name in [here for here in names.values() if here in resources]:
        outputs = resources[name]["outputs"]
        if name.startswith("scoring_weekly"):
            continue
        assert outputs["registeredVersions"] == [outputs["version"]], name
        kind = resources[name]["type"].rpartition(":")[2]
        path = {
            "Environment": "environments",
            "Component": "components",
            "DataAsset": "data",
            "Model": "models",
        }[kind]
        assert list(stack.versions(f"{path}/{name}")) == [outputs["version"]], name
    for name in OBJECTS:
        found = resources.get(names.get(name, name))
        assert found is None or "adopted" not in found["outputs"], name
    assert stack.drift() == {}
    stack.up("--expect-no-changes")


def _sent(stack: ProviderStack, call: Call, moment: str, name: str) -> dict[str, Any]:
    rule = {"method": call.method, "path": call.path.format(name=name), "nth": call.nth, "count": -1}
    if moment == "before":
        return {**rule, "delay_seconds": 20, "status": "close"}
    return {**rule, "status": "close-after"}


CASES = [
    pytest.param(what, moment, marks=() if (what, moment) == ("code: mark", "after") else pytest.mark.soak)
    for what in CALLS
    for moment in ("before", "after")
]


@pytest.mark.parametrize(("what", "moment"), CASES)
def test_a_plugin_killed_beside_a_remote_call_converges(
    tmp_path: Path, platform: MachineLearningPlatform, what: str, moment: str
) -> None:
    call = CALLS[what]
    stack = ProviderStack(tmp_path, platform)
    names = _fresh(stack, f"{list(CALLS).index(what)}_{moment}", call)
    stack.faults(_sent(stack, call, moment, names.get(call.of, call.of)))
    engine = stack.start("up", "--yes", "--skip-preview", "--suppress-progress")

    def befallen() -> int:
        return int(platform.emulator.control("GET", "faults")[0]["fired"])

    # "After": a client that asks again was cut off once before, its work done.
    wait_for(lambda: befallen() >= (1 if moment == "before" else 2) or engine.poll() is not None)
    assert befallen() >= 1
    if engine.poll() is None:
        for plugin in plugins_of(engine):
            plugin.kill()
    text, _ = engine.communicate(timeout=120)
    assert engine.returncode != 0, text
    stack.no_faults()
    stack.run("cancel", "--yes")
    stack.up("--refresh")
    _require_whole(stack, names)
    _require_files(stack, call)
    stack.destroy()
