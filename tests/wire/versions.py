"""Which api-versions are really sent: azure-ai-ml pins one per group of operations, pulumi-azure-native one per type."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# A client that is only made, never used: nothing is sent, and nothing could be, because no port 1 answers.
_ASK = """
import json
from azure.ai.ml import MLClient
here = "https://127.0.0.1:1/"
metadata = {"azure_portal": "https://portal.plumbline.local", "resource_manager": here, "active_directory": here,
            "aml_resource_id": here, "storage_endpoint": "none", "registry_discovery_endpoint": here}
client = MLClient(object(), "s", "g", "w", cloud="None", cloud_metadata=metadata)
seen, pins = set(), {}
def look(thing, depth, noun):
    if id(thing) in seen and not noun or depth > 3:
        return
    seen.add(id(thing))
    module = type(thing).__module__
    if "_restclient.arm_ml_service" in module:
        version = getattr(getattr(thing, "_config", None), "api_version", None)
        group = type(thing).__name__ if module.endswith("_operations") else noun
        if version and group:
            pins.setdefault(group, set()).add(version)
    elif module.startswith("azure.ai.ml.operations"):
        for name, value in vars(thing).items():
            # Jobs and schedules keep whole clients, several versions each, and no group of their own.
            look(value, depth + 1, noun)
for name, group in (("_jobs", "JobsOperations"), ("_schedules", "SchedulesOperations")):
    for value in vars(getattr(client, name)).values():
        if "_restclient.arm_ml_service" in type(value).__module__:
            look(value, 0, group)
for value in list(vars(client).values()):
    look(value, 0, None)
print(json.dumps({group: sorted(versions) for group, versions in sorted(pins.items())}))
"""


def azure_ai_ml_pins() -> dict[str, list[str]]:
    """Group of operations ("code_versions") to the api-versions that azure-ai-ml makes its client with."""
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _ASK], capture_output=True, text=True, timeout=120, check=True
    )
    pins: Mapping[str, list[str]] = json.loads(answer.stdout.splitlines()[-1])
    return {_snake(group.removesuffix("Operations")): versions for group, versions in pins.items()}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def native_version(token: str) -> str:
    """The api-version that pulumi-azure-native's documentation names for a type."""
    _, module, name = token.split(":")
    package = importlib.util.find_spec("pulumi_azure_native")
    assert package is not None
    assert package.origin is not None
    file = Path(package.origin).parent / module / f"{_snake(name)}.py"
    found = re.search(r"Uses Azure REST API version ([\w-]+)", file.read_text(encoding="utf-8"))
    assert found, token
    return found[1]


def arm_type(path: str) -> str:
    """ "Microsoft.Storage/storageAccounts/blobServices/containers" of a path or a path's template."""
    _, marker, rest = path.rpartition("/providers/")
    if not marker:
        return (
            "Microsoft.Resources/resourceGroups"
            if re.search(r"/resourcegroups/[^/]+$", path, re.IGNORECASE)
            else ""
        )
    namespace, *parts = rest.split("/")
    return "/".join([namespace, *parts[::2]])
