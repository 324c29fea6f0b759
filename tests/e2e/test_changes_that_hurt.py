"""Protects what cannot be brought back: a live cluster, stored data, readable secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.project_copy import ProjectCopy

SETTINGS = "Pulumi.local.yaml"
CLUSTER = (
    "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/rg-plumbline-local/providers/"
    "Microsoft.MachineLearningServices/workspaces/mlw-plumbline-local/computes/cpu-cluster"
)


@pytest.fixture(autouse=True)
def settings(platform: ProjectCopy) -> Iterator[None]:
    kept = (platform.root / SETTINGS).read_bytes()
    yield
    (platform.root / SETTINGS).write_bytes(kept)


def _set(platform: ProjectCopy, old: str, new: str) -> int:
    file = platform.root / SETTINGS
    text = file.read_text()
    assert text.count(old) == 1, old
    file.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


def _size(platform: ProjectCopy) -> str:
    return platform.arm(CLUSTER, "2023-08-01-preview")["properties"]["properties"]["vmSize"].lower()


@pytest.mark.parametrize("command", ["preview", "up --yes --skip-preview"])
def test_misspelt_vm_size_is_refused_before_the_live_cluster_is_deleted(
    platform: ProjectCopy, command: str
) -> None:
    line = _set(platform, "vmSize: Standard_DS3_v2", "vmSize: Standard_DS3_v9")
    platform.control("DELETE", "requests")
    answer = platform.pulumi(*command.split(), "-s", "local", "--non-interactive", check=False)
    assert answer.returncode != 0
    said = answer.stdout + answer.stderr
    assert (
        f"{SETTINGS}:{line}: azure-ml-platform:cpuCluster.vmSize: got 'Standard_DS3_v9', expected a VM size that "
        "westeurope offers for clusters. Did you mean Standard_DS3_v2?"
    ) in said
    assert "Traceback" not in said
    assert platform.writes() == []
    assert _size(platform) == "standard_ds3_v2"


def test_preview_says_what_the_replacement_of_a_cluster_loses(platform: ProjectCopy) -> None:
    line = _set(platform, "vmSize: Standard_DS3_v2", "vmSize: Standard_DS4_v2")
    answer = platform.pulumi("preview", "-s", "local", "--non-interactive")
    said = answer.stdout + answer.stderr
    assert f"{SETTINGS}:{line}: azure-ml-platform:cpuCluster.vmSize: " in said
    assert "replaces the cluster: nodes and queue of cpu-cluster are lost." in said


def test_stores_are_protected_unless_the_stack_lifts_it(platform: ProjectCopy) -> None:
    _set(platform, "azure-ml-platform:protected: false", "azure-ml-platform:protected: true")
    platform.pulumi("up", "--yes", "--skip-preview", "-s", "local", "--non-interactive")
    try:
        answer = platform.pulumi("destroy", "--yes", "-s", "local", "--non-interactive", check=False)
        assert answer.returncode != 0
        assert "protect" in answer.stdout + answer.stderr
        state = json.loads(platform.pulumi("stack", "export", "-s", "local").stdout)
        protected = {
            one["type"]
            for one in state["deployment"]["resources"]
            if one.get("protect") and one.get("custom")
        }
        assert {
            "azure-native:resources:ResourceGroup",
            "azure-native:storage:StorageAccount",
            "azure-native:storage:BlobContainer",
            "azure-native:keyvault:Vault",
            "azure-native:containerregistry:Registry",
            "azure-native:operationalinsights:Workspace",
            "azure-native:machinelearningservices:Workspace",
        } <= protected
        assert platform.arm(CLUSTER, "2023-08-01-preview") is not None
    finally:
        _set(platform, "azure-ml-platform:protected: true", "azure-ml-platform:protected: false")
        platform.pulumi("up", "--yes", "--skip-preview", "-s", "local", "--non-interactive")


def test_keys_of_application_insights_are_secrets_in_the_state(platform: ProjectCopy) -> None:
    state = json.loads(platform.pulumi("stack", "export", "-s", "local").stdout)
    insights = next(
        one
        for one in state["deployment"]["resources"]
        if one["type"] == "azure-native:applicationinsights:Component"
    )
    for name in ("connectionString", "instrumentationKey"):
        assert set(insights["outputs"][name]) >= {"ciphertext"}, name


def test_closed_platform_is_refused_with_the_reason(platform: ProjectCopy) -> None:
    line = _set(
        platform,
        "azure-ml-platform:publicAccessAllowed: true",
        "azure-ml-platform:publicAccessAllowed: false",
    )
    answer = platform.pulumi("preview", "-s", "local", "--non-interactive", check=False)
    assert answer.returncode != 0
    assert (
        f"{SETTINGS}:{line}: azure-ml-platform:publicAccessAllowed: got false, expected true: the platform has no "
        "private endpoints"
    ) in answer.stdout + answer.stderr


TAKEN = ("storage account", "key vault", "container registry")


@pytest.mark.parametrize("command", ["preview", "up --yes --skip-preview"])
def test_names_that_somebody_else_has_are_refused_before_anything_is_deleted_for_them(
    platform: ProjectCopy, command: str
) -> None:
    # The own names are taken as well, by the stack itself: with them nothing is said.
    own = platform.pulumi("preview", "-s", "local", "--non-interactive")
    assert "unchanged" in own.stdout
    # Another platform of this machine has the new names: the emulator answers for it, as Azure does for a stranger's.
    line = _set(platform, "azure-ml-platform:platform: plumbline", "azure-ml-platform:platform: contoso")
    body = {"nameAvailable": False, "reason": "AlreadyExists", "message": "It is already taken."}
    rule = {
        "method": "POST",
        "path": "/checkNameAvailability$",
        "status": 200,
        "count": -1,
        "body": body,
    }
    platform.control("PUT", "faults", [rule])
    platform.control("DELETE", "requests")
    try:
        answer = platform.pulumi(*command.split(), "-s", "local", "--non-interactive", check=False)
    finally:
        platform.control("DELETE", "faults")
    said = answer.stdout + answer.stderr
    assert answer.returncode != 0
    for noun in TAKEN:
        assert f"{SETTINGS}:{line}: azure-ml-platform:platform: {noun}: got name '" in said, said
    assert said.count("which somebody else has in Azure") == len(TAKEN)
    assert "Traceback" not in said
    assert platform.writes() == []
