"""Protects `destroy`: it archives what this state registered and nothing else, and the next `up` brings it back."""

from __future__ import annotations

import json
import sys

import pytest

from tests.project_copy import ProjectCopy

TRAIN = "pipelines/claims_release/components/train"
REGISTER = """
import os, sys
from azure.ai.ml import MLClient, load_component
from azure.identity import DefaultAzureCredential
client = MLClient(DefaultAzureCredential(), os.environ["AZURE_SUBSCRIPTION_ID"],
                  os.environ["AZURE_RESOURCE_GROUP"], os.environ["AZUREML_WORKSPACE_NAME"])
component = load_component(sys.argv[1], params_override=[{"environment": "azureml:" + sys.argv[3]}])
client.components.create_or_update(component, version=sys.argv[2])
"""
PURGE = """
import os, requests
from azure.identity import DefaultAzureCredential
base = os.environ["IDENTITY_ENDPOINT"].removesuffix("/msi/token")
session = requests.Session()
session.headers["User-Agent"] = "plumbline-tests"
session.headers["Authorization"] = "Bearer " + DefaultAzureCredential().get_token(base + "/.default").token
session.params = {"api-version": "2024-11-01"}
scope = base + "/subscriptions/" + os.environ["AZURE_SUBSCRIPTION_ID"]
for vault in session.get(scope + "/providers/Microsoft.KeyVault/deletedVaults").json()["value"]:
    session.post(base + vault["id"] + "/purge").raise_for_status()
"""
LIST = """
import json, os
from azure.ai.ml import MLClient
from azure.ai.ml.constants import ListViewType
from azure.identity import DefaultAzureCredential
client = MLClient(DefaultAzureCredential(), os.environ["AZURE_SUBSCRIPTION_ID"],
                  os.environ["AZURE_RESOURCE_GROUP"], os.environ["AZUREML_WORKSPACE_NAME"])
lists = {"component": client.components, "environment": client.environments, "data": client.data}
names = json.loads(os.environ["NAMES"])
print(json.dumps([f"{kind}/{name}:{found.version}" for kind, name in names
                  for found in lists[kind].list(name=name, list_view_type=ListViewType.ACTIVE_ONLY)]))
"""


@pytest.fixture(scope="module")
def project(platform: ProjectCopy) -> ProjectCopy:
    return platform


def _references(project: ProjectCopy) -> dict[str, str]:
    """`component/claims_train` -> `claims_train:h1...`, of everything that the pipeline has."""
    outputs = json.loads(project.pulumi("stack", "output", "--json", "-s", "local").stdout)
    return dict(outputs["pipelines"]["claims_release"])


def _active(project: ProjectCopy, references: dict[str, str]) -> set[str]:
    """`kind/name:version` of every version that is not archived, as the official client lists them."""
    names = [key.split("/") for key in references]
    environ = project.client_environment("alice") | {"NAMES": json.dumps(names)}
    return set(json.loads(project.run([sys.executable, "-c", LIST], check=True, environ=environ).stdout))


def _named(references: dict[str, str]) -> set[str]:
    return {f"{key.split('/')[0]}/{reference}" for key, reference in references.items()}


def _up(project: ProjectCopy) -> list[str]:
    project.control("DELETE", "requests")
    project.pulumi("up", "-s", "local", "--yes", "--skip-preview")
    return project.writes()


def _destroy_pipeline(project: ProjectCopy) -> str:
    words = ("--target", "**::claims-release*", "--target-dependents", "--skip-preview")
    return project.pulumi("destroy", "-s", "local", "--yes", *words).stdout


def _uploads(writes: list[str]) -> list[str]:
    """Blobs, codes and new versions: whatever carries content."""
    return [
        write
        for write in writes
        if "/codes/" in write or not write.split(" ")[1].startswith("/subscriptions/")
    ]


def test_pipeline_that_was_destroyed_comes_back_as_the_very_versions(project: ProjectCopy) -> None:
    before = _references(project)
    assert _active(project, before) == _named(before)
    _destroy_pipeline(project)
    assert _active(project, before) == set()
    writes = _up(project)
    assert _uploads(writes) == []
    assert _references(project) == before
    assert _active(project, before) == _named(before)
    assert _up(project) == []


def test_version_of_somebody_else_is_adopted_and_outlives_a_destroy(project: ProjectCopy) -> None:
    before = _references(project)
    script = project.root / TRAIN / "src" / "train.py"
    original = script.read_text()
    script.write_text(original + "# alice was here first\n")
    try:
        plan = json.loads(project.pulumi("preview", "-s", "local", "--json").stdout)
        states = {
            step["urn"].rpartition("::")[2]: step["newState"] for step in plan["steps"] if "newState" in step
        }
        version = states["claims-release-component-claims_train"]["inputs"]["version"]
        file = str(project.root / TRAIN / "component.yml")
        words = [sys.executable, "-c", REGISTER, file, version, before["environment/claims_release"]]
        project.run(words, check=True, environ=project.client_environment("alice"))

        writes = _up(project)
        assert _references(project)["component/claims_train"] == f"claims_train:{version}"
        assert not [write for write in writes if "/components/" in write], (
            "equal content is adopted, not sent"
        )
        _destroy_pipeline(project)
        assert _active(project, before) == {f"component/claims_train:{version}"}
    finally:
        script.write_text(original)
    assert _uploads(_up(project)) == []
    assert _references(project) == before


def test_whole_platform_that_was_destroyed_comes_back_once_its_vault_is_purged(project: ProjectCopy) -> None:
    before = _references(project)
    project.pulumi("destroy", "-s", "local", "--yes", "--skip-preview")
    state = json.loads(project.pulumi("stack", "export", "-s", "local").stdout)["deployment"]
    assert not state.get("resources")
    # Azure keeps a deleted vault and its name: docs/runbooks/deleting-a-platform.md says what to do.
    refused = project.pulumi("up", "-s", "local", "--yes", "--skip-preview", check=False)
    assert "ConflictError: A vault with the same name already exists in deleted state" in refused.stdout
    project.run([sys.executable, "-c", PURGE], check=True, environ=project.client_environment("deployer"))
    _up(project)
    assert _references(project) == before
    assert _active(project, before) == _named(before)
    assert _up(project) == []
