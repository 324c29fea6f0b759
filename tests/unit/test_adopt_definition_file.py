"""Protects what adopt writes: text that people go on with, exact where it points to something, refused where Azure hides."""

from __future__ import annotations

from typing import Any

import yaml

from plumbline.azure.live_version import live_version
from plumbline.kinds import KINDS
from plumbline.ops.adopt.definition_file import (
    definition_path,
    definition_text,
    foreign_references,
    pins_text,
    schedule_folder,
    why_not,
)
from plumbline.ops.adopt.live_asset import LiveAsset


def _asset(kind: str, name: str, version: str | None, **properties: Any) -> LiveAsset:
    body = {"name": version, "properties": properties}
    return LiveAsset(kind=KINDS[kind], name=name, version=version, body=body, live=live_version(kind, body))


def _component(**spec: Any) -> LiveAsset:
    plain = {"type": "command", "command": "echo ${{inputs.word}}", "environment": "azureml:tools:2"}
    return _asset("component", "say", "1.0", componentSpec={**plain, **spec})


def test_texts_of_yaml_1_1_are_quoted_and_lines_stand_as_a_block() -> None:
    asset = _component(
        inputs={"word": {"type": "string", "default": "no"}}, description="One.\nTwo.", tags={"on": "010"}
    )
    text = definition_text(asset, code=None)
    assert "description: |-\n  One.\n  Two.\n" in text
    found = yaml.safe_load(text)
    assert (found["version"], found["inputs"]["word"]["default"], found["tags"]) == (
        "1.0",
        "no",
        {"on": "010"},
    )


def test_a_content_version_and_a_counted_one_are_left_out() -> None:
    uri = "azureml://datastores/workspaceblobstore/paths/m/"
    data = _asset("data", "rows", "h1" + "0" * 16, dataType="uri_folder", dataUri=uri)
    model = _asset("model", "m", "3", modelType="custom_model", modelUri=uri)
    for asset in (data, model):
        assert "version" not in yaml.safe_load(definition_text(asset, code=None))


def test_only_versions_that_are_not_adopted_are_pinned() -> None:
    asset = _component(environment="azureml:tools:2")
    assert foreign_references(asset, {("tools", "2")}) == set()
    assert foreign_references(asset, {("tools", "3")}) == {"azureml:tools:2"}
    elsewhere = _component(environment="azureml://registries/azureml/environments/sklearn/versions/5")
    assert foreign_references(elsewhere, set()) == set()
    assert yaml.safe_load(pins_text({"azureml:tools:2"})) == {"pins": {"azureml:tools:2": "azureml:tools:2"}}


def test_what_azure_hides_is_refused_by_its_reason() -> None:
    assert why_not(_component()) is None
    assert "does not show the steps" in str(why_not(_component(type="pipeline")))
    built = _asset("environment", "e", "1", build={"contextUri": "https://a.blob.core.windows.net/c/x/"})
    assert "build context" in str(why_not(built))
    job = {"jobType": "Spark"}
    trigger = {"triggerType": "Cron", "expression": "0 3 * * *"}
    schedule = _asset("schedule", "s", None, trigger=trigger, action={"jobDefinition": job})
    assert "neither a pipeline nor a command job (Spark)" in str(why_not(schedule))


def test_folders_of_schedules_can_be_named_in_settings() -> None:
    assert [schedule_folder(name).name for name in ("Nightly run", "2nd", "a-b")] == [
        "nightly_run", "schedule_2nd", "a_b",
    ]  # fmt: skip
    assert str(definition_path(_component())) == "pipelines/adopted/components/say/component.yml"
