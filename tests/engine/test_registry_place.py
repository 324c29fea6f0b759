"""Protects assets that a stack registers in a registry, and look-ups of what lies in a registry or a workspace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.machine_learning_platform import (
    GROUP,
    ML_VERSION,
    WORKSPACE,
    MachineLearningPlatform,
    machine_learning_platform,
)
from tests.engine.provider_stack import ProviderStack

REGISTRY = "shared-ml"
OTHER = "f" * 64


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderStack]:
    with machine_learning_platform(azure_noise=True) as platform:
        body = {"location": "westeurope", "identity": {"type": "SystemAssigned"},
                "properties": {"regionDetails": [{"location": "westeurope"}]}}  # fmt: skip
        platform.put(_registry_id(platform), body, ML_VERSION)
        made = ProviderStack(tmp_path_factory.mktemp("registry"), platform)
        made.principal = "alice"  # the deployer of a workspace may not publish
        made.set(registry=REGISTRY, leave_out=["scoring_weekly"])
        made.up()
        yield made


def _registry_id(platform: MachineLearningPlatform) -> str:
    return f"{platform.group_id}/providers/Microsoft.MachineLearningServices/registries/{REGISTRY}"


def _asset(stack: ProviderStack, name: str, **changed: Any) -> dict[str, Any]:
    """A version's properties, changed first as another client does."""
    item = stack.resources()[name]
    collection = item["id"].split("/")[-2]
    path = f"{_registry_id(stack.platform)}/{collection}/{name}/versions/{item['outputs']['version']}"
    request = stack.platform.emulator.request
    properties: dict[str, Any] = request("GET", path, api_version=ML_VERSION).json()["properties"]
    if changed:
        properties = {**properties, **changed}
        properties.pop("stage", None)
        answer = request("PUT", path, api_version=ML_VERSION, json={"properties": properties})
        assert answer.ok, answer.text
    return properties


def test_a_stack_publishes_into_a_registry_and_finds_it_unchanged(stack: ProviderStack) -> None:
    resources = stack.resources()
    for name, path in (
        ("scoring_tools", "environments"),
        ("score", "components"),
        ("baseline", "models"),
        ("table", "data"),
    ):
        assert resources[name]["id"] == f"azureml://registries/{REGISTRY}/{path}/{name}"
        assert "workspaceName" not in resources[name]["outputs"]
    spec = _asset(stack, "score")["componentSpec"]
    assert f"azureml://registries/{REGISTRY}/environments/" in spec["environment"]
    stack.forget_requests()
    stack.up("--refresh", "--expect-no-changes")
    assert stack.writes() == []
    assert stack.drift() == {}


def test_an_edit_made_in_a_registry_is_named_and_put_back(stack: ProviderStack) -> None:
    for name in ("scoring_tools", "table", "baseline"):
        _asset(stack, name, description="edited")
    assert stack.drift() == {
        name: ["update", "description"] for name in ("scoring_tools", "table", "baseline")
    }
    stack.up("--refresh")
    assert stack.drift() == {}
    assert _asset(stack, "table").get("description") != "edited"


def test_look_ups_find_a_version_and_verify_its_content(stack: ProviderStack) -> None:
    platform = stack.platform
    platform.put(f"{platform.workspace_id}/environments/theirs/versions/7",
                 {"properties": {"image": "python:3.11", "description": "Theirs"}}, ML_VERSION)  # fmt: skip
    outputs = stack.resources()["score"]["outputs"]
    there = {"registry_name": REGISTRY}
    here = {"resource_group_name": GROUP, "workspace_name": WORKSPACE}
    ours = {"name": "score", "version": outputs["version"], "content_hash": outputs["contentHash"], **there}
    asks = {
        "exact": {"function": "get_component", "arguments": ours},
        "newest": {"function": "get_model", "arguments": {"name": "baseline", "label": "latest", **there}},
        "table": {"function": "get_data", "arguments": {"name": "table", "label": "latest", **there}},
        "theirs": {"function": "get_environment", "arguments": {"name": "theirs", "version": "7", **here}},
    }
    stack.set(look_ups=asks)
    stack.up()
    shown = json.loads(stack.run("stack", "output", "--json"))
    assert shown["exact"]["content_hash"] == outputs["contentHash"] == shown["exact-late"]
    assert shown["exact"]["content_hash_source"] == "live", "Azure shows a command component whole"
    assert (
        shown["exact"]["reference"]
        == f"azureml://registries/{REGISTRY}/components/score/versions/{outputs['version']}"
    )
    assert shown["newest"]["version"] == "1"
    assert shown["table"]["content_hash"] == stack.resources()["table"]["outputs"]["contentHash"]
    assert (shown["theirs"]["reference"], shown["theirs"]["description"]) == ("azureml:theirs:7", "Theirs")

    refused = {**asks["exact"], "arguments": {**ours, "content_hash": OTHER}}
    stack.set(look_ups={"other": refused})
    text = stack.run("preview", refused=True)
    assert OTHER in text
    assert outputs["contentHash"] in text
    missing = {"function": "get_data", "arguments": {"name": "nothing", "label": "latest", **here}}
    stack.set(look_ups={"missing": missing})
    assert f"got nothing in workspace {WORKSPACE}" in stack.run("preview", refused=True)
    stack.set(look_ups=None)


def test_an_import_from_a_registry_shows_no_difference(stack: ProviderStack, tmp_path: Path) -> None:
    listed = [
        {"type": item["type"], "name": name, "id": f"{item['id']}/versions/{item['outputs']['version']}"}
        for name, item in stack.resources().items()
        if "registryName" in item.get("outputs", {})
    ]
    file = tmp_path / "import.json"
    file.write_text(json.dumps({"resources": listed}))
    other = ProviderStack(tmp_path, stack.platform)
    other.principal = "alice"
    other.set(registry=REGISTRY, leave_out=["scoring_weekly"])
    words = ("--yes", "--generate-code=false", "--protect=false", "--skip-preview")
    other.run("import", "--file", str(file), *words)
    assert other.planned() == {}


def test_destroy_archives_what_the_stack_published(stack: ProviderStack) -> None:
    stack.destroy()
    listed = stack.platform.emulator.request(
        "GET", f"{_registry_id(stack.platform)}/components", api_version=ML_VERSION
    ).json()["value"]
    versions = f"{_registry_id(stack.platform)}/components/score/versions"
    shown = stack.platform.emulator.request("GET", versions, api_version=ML_VERSION).json()["value"]
    assert shown == [], listed
