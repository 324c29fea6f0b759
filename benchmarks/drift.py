"""How fast drift is found over many assets and platform resources, each request delayed as on the way to Azure."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

from benchmarks.bench import Bench
from benchmarks.pair import Pair, Pairs
from tests.drift_kinds import Changes
from tests.project_copy import ProjectCopy

DELAY_SECONDS = 0.05
ASSETS, RESOURCES = 1000, 100
_COMPONENT, _CONTAINER = "claims-release-component-claims_train", "storage-container-approved-data"
_DEPLOYER = {"principal": "deployer"}
_WRITERS = 16

LOOP = """
import os, sys, time
from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential
client = MLClient(DefaultAzureCredential(), os.environ["AZURE_SUBSCRIPTION_ID"], os.environ["AZURE_RESOURCE_GROUP"],
                  os.environ["AZUREML_WORKSPACE_NAME"])
names = [f"copy_{at}" for at in range(int(sys.argv[1]))]
version = client.components.list("claims_train").next().version
began = time.perf_counter()
for name in names:
    client.components.get(name, version)
print(time.perf_counter() - began)
"""


def drift_pairs(bench: Bench) -> Pairs:
    """A check that has no memory of a clean one, beside a loop over the same assets with the official client."""
    platform = bench.platform
    yield Pair(
        name="`plumbline drift` of the local stack, when nothing changed since it was clean",
        subject=_drift(platform, clean=True),
        baseline=lambda: _run(sys.executable, "-c", "import azure.identity, aiohttp"),
        baseline_name="Python importing its client libraries",
        at_most=1.2,
    )
    kept = platform.pulumi("stack", "export", "-s", "local").stdout
    for times in (1, 2):
        _grow(platform, kept, ASSETS * times, RESOURCES * times)
        platform.control("PUT", "delay", {"seconds": DELAY_SECONDS})
        try:
            yield Pair(
                name=f"`plumbline drift` over {ASSETS * times} assets and {RESOURCES * times} platform resources, "
                f"{DELAY_SECONDS * 1000:.0f} ms a request, without a memory",
                subject=_drift(platform, clean=False),
                baseline=_loop(platform, ASSETS * times),
                baseline_name=f"MLClient.components.get of {ASSETS * times} assets, one after the other",
                ratio_at_most=1 / 6,
            )
        finally:
            platform.control("PUT", "delay", {"seconds": 0.0})
    _import(platform, kept)


def _drift(platform: ProjectCopy, *, clean: bool) -> Callable[[], float]:
    memory = platform.root / ".plumbline" / "drift" / "local.clean"

    def run() -> float:
        if clean and not memory.exists():
            platform.plumbline("drift", "--stack", "local")
        if not clean:
            memory.unlink(missing_ok=True)
        began = time.perf_counter()
        answer = platform.plumbline("drift", "--stack", "local", check=False, seconds=900)
        assert answer.returncode == 0, answer.stdout[-2000:] + answer.stderr[-2000:]
        return time.perf_counter() - began

    return run


def _loop(platform: ProjectCopy, count: int) -> Callable[[], float]:
    environ = platform.client_environment()

    def run() -> float:
        command = [sys.executable, "-c", LOOP, str(count)]
        return float(platform.run(command, check=True, environ=environ, seconds=900).stdout)

    return run


def _grow(platform: ProjectCopy, kept: str, assets: int, resources: int) -> None:
    """Copies of one component and of one container, live and in the state: what the engine reads is what it has."""
    changes = Changes(platform=platform)
    document = json.loads(kept)
    rows = document["deployment"]["resources"]
    by_name = {row["urn"].rpartition("::")[2]: row for row in rows}
    copies = [
        *_copies(by_name[_COMPONENT], "claims_train", [f"copy_{at}" for at in range(assets)]),
        *_copies(by_name[_CONTAINER], "approved-data", [f"copy-{at}" for at in range(resources)]),
    ]
    version = by_name[_COMPONENT]["outputs"]["version"]
    requests = [
        {
            "method": "PUT", "path": f"{{workspace}}/components/copy_{at}/versions/{version}", "api": "2024-01-01-preview",
            "copy": f"{{workspace}}/components/claims_train/versions/{version}",
            "merge": {"properties": {"componentSpec": {"name": f"copy_{at}"}}},
        }
        for at in range(assets)
    ]  # fmt: skip
    requests += [
        {
            "method": "PUT", "path": f"{{account}}/blobServices/default/containers/copy-{at}", "api": "2024-01-01",
            "body": {"properties": {"publicAccess": "None"}},
        }
        for at in range(resources)
    ]  # fmt: skip
    with ThreadPoolExecutor(max_workers=_WRITERS) as pool:
        list(pool.map(lambda request: changes.send(request, _DEPLOYER), requests))
    rows += copies
    _import(platform, json.dumps(document))


def _copies(row: dict[str, Any], name: str, names: list[str]) -> Iterator[dict[str, Any]]:
    for new in names:
        found = deepcopy(row)
        found["urn"] = f"{row['urn'].rpartition('::')[0]}::{new}"
        found["id"] = f"{row['id'].rpartition('/')[0]}/{new}"
        for side in ("inputs", "outputs"):
            for key, value in found[side].items():
                if isinstance(value, str) and key in {"name", "containerName", "reference"}:
                    found[side][key] = value.replace(name, new)
        yield found


def _import(platform: ProjectCopy, document: str) -> None:
    file = platform.root / ".plumbline" / "bench.json"
    file.write_text(document)
    platform.pulumi("stack", "import", "-s", "local", "--file", str(file))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
