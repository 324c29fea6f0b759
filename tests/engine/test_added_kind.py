"""Protects that a kind is added by one folder: descriptor, reading, normal form and rows, with no other file of the product."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.machine_learning_platform import GROUP, WORKSPACE, machine_learning_platform
from tests.engine.provider_stack import REPOSITORY, VERSIONS, ProviderStack

KIND = "tests.engine.feature_store_entity"
TOKEN = "plumbline:azureml:FeatureStoreEntity"
CUSTOMER = """\
name: customer
description: Who bought.
tags: {team: retail}
index_columns:
  - {name: customer_id, type: integer}
  - {name: region, type: string}
"""
PROGRAM = f"""\
import {KIND}.resource
import json
from pathlib import Path
from plumbline.assets import load_ml_pipelines
from plumbline.azureml import declare_pipeline

settings = json.loads(Path("settings.json").read_text())
(pipeline,) = load_ml_pipelines([Path("ml/scoring")], root=Path.cwd())
declare_pipeline(pipeline, resource_group_name=settings["group"], workspace_name=settings["workspace"])
"""
NAME = "feature_store_entity-customer"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderStack]:
    with pytest.MonkeyPatch.context() as patch, machine_learning_platform(azure_noise=True) as platform:
        patch.setitem(VERSIONS, "featurestoreEntities", "2023-10-01")
        yield _stack(tmp_path_factory.mktemp("kind"), platform)


def _stack(folder: Path, platform: object) -> ProviderStack:
    """A stack whose program and plugin import the kind first."""
    made = ProviderStack(folder, platform)  # type: ignore[arg-type]
    for file in sorted((made.program / "ml" / "scoring").rglob("*.yml")):
        file.unlink()
    (made.program / "ml" / "scoring" / "customer.yml").write_text(CUSTOMER)
    (made.program / "__main__.py").write_text(PROGRAM)
    plugin = folder / "plugin" / "pulumi-resource-plumbline"
    plugin.parent.mkdir()
    program = f"import {KIND}; from plumbline.provider.console import main; main()"
    plugin.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-c", program])} "$@"\n')
    plugin.chmod(0o755)
    project = made.program / "Pulumi.yaml"
    project.write_text(project.read_text().replace("./plumbline/provider/plugin", str(plugin.parent)))
    return made


def test_it_is_registered_without_drift_and_an_edit_made_elsewhere_is_named(stack: ProviderStack) -> None:
    refused = "type: integer", "type: whole"
    with stack.edited("customer.yml", *refused):
        text = stack.run("preview", refused=True)
    assert 'customer.yml:5: index_columns[0].type: got "whole", expected one of string, integer' in text

    stack.up()
    outputs = stack.resources()[NAME]["outputs"]
    path = f"featurestoreEntities/customer/versions/{outputs['version']}"
    live = stack.live(path)["properties"]
    assert {one["columnName"]: one["dataType"].lower() for one in live["indexColumns"]} == {
        "customer_id": "integer",
        "region": "string",
    }
    stack.forget_requests()
    stack.up("--refresh", "--expect-no-changes")
    assert stack.writes() == []

    stack.change(path, description="edited", tags={"team": "retail", "who": "alice"})
    assert stack.drift() == {NAME: ["update", "description", "tags.who"]}
    stack.up("--refresh")
    assert stack.drift() == {}

    with stack.edited("customer.yml", "name: region, type: string", "name: region, type: long"):
        assert stack.planned() == {NAME: ["update", "spec", "version"]}
        stack.up()
        assert len(stack.resources()[NAME]["outputs"]["registeredVersions"]) == 2
    stack.up()
    assert stack.resources()[NAME]["outputs"]["version"] == outputs["version"]


def test_an_import_shows_no_difference(stack: ProviderStack, tmp_path: Path) -> None:
    item = stack.resources()[NAME]
    other = _stack(tmp_path, stack.platform)
    other.environment |= {"AZURE_RESOURCE_GROUP": GROUP, "AZUREML_WORKSPACE_NAME": WORKSPACE}
    words = (NAME, item["outputs"]["reference"], "--yes", "--generate-code=false", "--protect=false")
    other.run("import", TOKEN, *words, "--skip-preview")
    assert other.resources()[NAME]["id"] == item["id"]
    assert other.planned() == {}


def test_schema_and_reference_page_have_it_and_so_has_what_watches_for_drift() -> None:
    code = f"""
import {KIND}, json
from plumbline.ops.drift.inventory import list_rows
from plumbline.provider.reference import page
from plumbline.provider.schema import package_schema
rows = [row for row in list_rows() if row.noun == "FeatureStoreEntity"]
print(json.dumps([page(), package_schema("1.0.0")["resources"]["{TOKEN}"], rows[0].path]))
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    page, schema, path = json.loads(answer.stdout)
    assert "## FeatureStoreEntity" in page
    assert f"Type token `{TOKEN}`" in page
    assert "spec" in schema["requiredInputs"]
    assert path == "featurestoreEntities"
