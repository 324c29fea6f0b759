"""Protects inline steps, and the kinds of step beside commands: what azure-ai-ml makes of them reads back as ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from plumbline.assets import (
    AssetDefinition,
    MLPipeline,
    changes,
    job_to_az_ml_yaml,
    load_ml_pipelines,
    spec_from_rest,
    to_az_ml_yaml,
)

KINDS = Path(__file__).parents[1] / "data" / "assets" / "kinds"


@pytest.fixture(scope="module")
def pipeline() -> MLPipeline:
    (loaded,) = load_ml_pipelines([KINDS], root=KINDS)
    return loaded


def _plain(rest: Any) -> dict[str, Any]:
    answered = rest.as_dict() if hasattr(rest, "as_dict") else rest.serialize()
    loaded: dict[str, Any] = json.loads(json.dumps(answered, default=str))
    return loaded


def _component(pipeline: MLPipeline, name: str) -> AssetDefinition:
    return next(asset for asset in pipeline.components if asset.name == name)


@pytest.mark.parametrize(
    "name",
    [
        "kinds_batches",
        "kinds_batches_inline",
        "kinds_table",
        "kinds_table_inline",
        "kinds_search",
        "kinds_say",
    ],
)
def test_a_component_of_any_type_reads_back_as_its_spec(
    name: str, pipeline: MLPipeline, tmp_path: Path
) -> None:
    from azure.ai.ml import load_component

    definition = _component(pipeline, name)
    file = tmp_path / "component.yml"
    file.write_text(yaml.safe_dump(to_az_ml_yaml(definition, root=KINDS)))
    body = _plain(load_component(file)._to_rest_object())
    found = spec_from_rest("component", body, code_hash_of=lambda _: definition.code_hash)
    assert [str(change) for change in changes(definition.fields, found)] == []


def test_a_job_with_every_type_of_step_reads_back_as_itself(pipeline: MLPipeline, tmp_path: Path) -> None:
    from azure.ai.ml import load_job

    file = tmp_path / "job.yml"
    file.write_text(yaml.safe_dump(job_to_az_ml_yaml(pipeline.job or {})))
    body = _plain(load_job(file)._to_rest_object())
    found = spec_from_rest("job", body, code_hash_of=lambda _: None)
    assert [str(change) for change in changes(pipeline.job or {}, found)] == []


@pytest.mark.parametrize("step", ["say", "shout"])
def test_the_sdk_gives_an_inline_step_the_same_interface(step: str, pipeline: MLPipeline) -> None:
    """From the file as people write it; only the literals that it takes for defaults are its own."""
    from azure.ai.ml import load_job

    ours = _component(pipeline, f"kinds_{step}").fields
    job = load_job(KINDS / "pipeline.yml")
    theirs = _plain(job.jobs[step].component._to_rest_object())["properties"]["componentSpec"]
    assert ours["command"] == theirs["command"]
    for side in ("inputs", "outputs"):
        types = {name: row["type"] for name, row in theirs.get(side, {}).items()}
        assert {name: row["type"] for name, row in ours.get(side, {}).items()} == types


def test_a_job_that_is_one_component_with_named_outputs_reads_back_as_itself(tmp_path: Path) -> None:
    from azure.ai.ml import load_job

    folder = tmp_path / "whole"
    folder.mkdir()
    (folder / "environment.yml").write_text("name: plain\nimage: mcr.example/base:1\n")
    (folder / "whole.yml").write_text(
        "name: whole\ntype: pipeline\ninputs: {rows: {type: uri_folder}, rate: {type: number, default: 0.1}}\n"
        "outputs: {model: {type: uri_folder}}\njobs:\n  copy:\n"
        "    command: cp -r ${{inputs.rows}} ${{outputs.model}}\n    environment: azureml:plain@latest\n"
        "    inputs: {rows: '${{parent.inputs.rows}}'}\n    outputs: {model: '${{parent.outputs.model}}'}\n"
    )
    (folder / "job.yml").write_text(
        "type: pipeline\ncomponent: ./whole.yml\nsettings: {default_compute: azureml:c1}\n"
        "inputs: {rows: {type: uri_folder, path: 'azureml://datastores/d/paths/rows'}}\n"
        "outputs: {model: {type: uri_folder, name: kept, version: '3'}}\n"
    )
    (pipeline,) = load_ml_pipelines([folder], root=tmp_path)
    assert pipeline.job is not None
    assert pipeline.job["component"] == f"azureml:{_component(pipeline, 'whole').reference}"
    file = tmp_path / "job.yml"
    file.write_text(yaml.safe_dump(job_to_az_ml_yaml(pipeline.job)))
    body = _plain(load_job(file)._to_rest_object())
    assert (
        body["properties"]["outputs"]["model"].items() >= {"assetName": "kept", "assetVersion": "3"}.items()
    )
    found = spec_from_rest("job", body, code_hash_of=lambda _: None)
    assert [str(change) for change in changes(pipeline.job, found)] == []
