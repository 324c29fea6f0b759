"""A workspace with one of each thing, so that generated requests meet something; and what stands in their paths."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from tests.conformance.generated.target import Target
from tests.contract.machine_learning_platform import (
    ACCOUNT,
    GROUP,
    WORKSPACE,
    MachineLearningPlatform,
)
from tests.emulator_process import SUBSCRIPTION, TENANT

REGISTRY = "reggenerated"
_URI = "azureml://datastores/workspaceblobstore/paths/x"
_JOB = {"jobType": "Command", "command": "true", "environmentId": "azureml:one:1", "computeId": "azureml:one"}
# Path below the workspace to what is put there, in this order.
_THINGS: dict[str, dict[str, Any]] = {
    "environments/one/versions/1": {"image": "python:3.11"},
    "codes/one/versions/1": {"codeUri": "https://example.org/x"},
    "data/one/versions/1": {"dataUri": _URI, "dataType": "uri_folder"},
    "models/one/versions/1": {"modelUri": _URI},
    "components/one/versions/1": {
        "componentSpec": {"name": "one", "version": "1", "type": "command", "command": "true", "environment": "azureml:one:1"}
    },
    "computes/one": {"computeType": "AmlCompute", "properties": {"vmSize": "STANDARD_DS3_V2"}},
    "datastores/one": {
        "datastoreType": "AzureBlob", "accountName": ACCOUNT, "containerName": "c", "credentials": {"credentialsType": "None"}
    },
    "schedules/one": {
        "trigger": {"triggerType": "Cron", "expression": "0 6 * * 1"},
        "action": {"actionType": "CreateJob", "jobDefinition": {"jobType": "Pipeline", "jobs": {}}},
    },
    "onlineEndpoints/one": {"authMode": "Key"},
    "batchEndpoints/one": {"authMode": "AADToken"},
    "connections/one": {"authType": "None", "category": "Git", "target": "https://example.org"},
}  # fmt: skip
# What a path parameter names, most often; else what nobody expects.
_NAMES = {
    "subscription": SUBSCRIPTION,
    "group": GROUP,
    "workspace": WORKSPACE,
    "workspaces": WORKSPACE,
    "registry": REGISTRY,
    "registries": REGISTRY,
    "storageaccounts": ACCOUNT,
    "location": "westeurope",
    "tenant": TENANT,
    "version": "1",
    "container": "azureml",
    "onlineendpoints": "one",
    "batchendpoints": "one",
    "vaults": "kv-test-001",
}
ODD_VERSIONS = (None, "x", "2016-01-01", "2099-01-01-preview")
_STRANGE = st.one_of(
    st.sampled_from(
        ["two", "0", "-", "%", "a b", "ä", "azureml_default", "azureml_anonymous", "x" * 300, "'", "*"]
    ),
    # Clients resolve the segments "." and ".." before they send: the request would be another one.
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=8
    ).filter(lambda text: text not in (".", "..")),
)


def prepare(platform: MachineLearningPlatform) -> None:
    """Puts one of each thing there."""
    for path, properties in _THINGS.items():
        answer = platform.call(
            "PUT",
            path,
            json={"location": "westeurope", "properties": properties},
            params={"skipValidation": "true"},
        )
        assert answer.status_code in (200, 201), (path, answer.text)
    registry = f"{platform.group_id}/providers/Microsoft.MachineLearningServices/registries/{REGISTRY}"
    body = {"location": "westeurope", "properties": {"regionDetails": [{"location": "westeurope"}]}}
    platform.put(registry, body, "2025-12-01")


@st.composite
def paths(draw: st.DrawFn, target: Target) -> str:
    """The target's path with its parameters filled in.

    A DELETE of what all other requests stand on (group, workspace, account) goes to one that is not there.
    """
    deadly = target.method == "DELETE" and re.search(
        r"(resourceGroups/\{group\}|/workspaces/\{name\}|\{scope:path\})$", target.path
    )
    filled = target.path
    for name, rest in re.findall(r"\{(\w+)(:path)?\}", target.path):
        usual = _usual(name, target, rest=bool(rest))
        known = draw(st.integers(0, 9)) > 0
        text = usual if known else draw(_STRANGE)
        if deadly and filled.endswith(f"{{{name}{rest}}}"):
            text = "not-there"
        filled = filled.replace(f"{{{name}{rest}}}", quote(text, safe="/" if rest else ""), 1)
    return filled


def _usual(name: str, target: Target, *, rest: bool) -> str:
    if name == "scope":
        return f"subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
    if name == "name" and target.path.endswith("/workspaces/{name}"):
        return WORKSPACE
    if name == "name" and target.path.endswith("/registries/{name}"):
        return REGISTRY
    if name == "name" and target.path.endswith("/storageAccounts/{name}"):
        return ACCOUNT
    return _NAMES.get(name.lower(), "one/two" if rest else "one")


def usual_path(target: Target) -> str:
    """The target's path with what is there."""
    filled = target.path
    for name, rest in re.findall(r"\{(\w+)(:path)?\}", target.path):
        usual = quote(_usual(name, target, rest=bool(rest)), safe="/" if rest else "")
        filled = filled.replace(f"{{{name}{rest}}}", usual, 1)
    return filled
