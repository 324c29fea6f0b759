"""Protects the canonical form: what azure-ai-ml sends for a definition reads back as that definition's own spec."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from plumbline.assets import (
    AssetDefinition,
    MLPipeline,
    changes,
    content_hash,
    job_to_az_ml_yaml,
    load_ml_pipelines,
    spec_from_rest,
    to_az_ml_yaml,
)

WIDE = Path(__file__).parents[1] / "data" / "assets" / "wide"
WORKSPACE = (
    "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/g/providers"
    "/Microsoft.MachineLearningServices/workspaces/w"
)


@pytest.fixture(scope="module")
def pipeline() -> MLPipeline:
    (loaded,) = load_ml_pipelines([WIDE], root=WIDE)
    return loaded


@pytest.fixture(scope="module")
def named(pipeline: MLPipeline) -> dict[str, AssetDefinition]:
    return {asset.name: asset for asset in pipeline.assets}


@pytest.fixture
def sent(tmp_path: Path) -> Callable[[AssetDefinition], dict[str, Any]]:
    """The body that azure-ai-ml would PUT for a definition."""
    from azure.ai.ml import load_component, load_data, load_environment, load_model

    loaders = {
        "component": load_component,
        "environment": load_environment,
        "data": load_data,
        "model": load_model,
    }

    def body(definition: AssetDefinition) -> dict[str, Any]:
        file = tmp_path / f"{definition.name}.yml"
        file.write_text(yaml.safe_dump(to_az_ml_yaml(definition, root=WIDE)))
        return _plain(loaders[definition.kind](file)._to_rest_object())

    return body


def _plain(rest: Any) -> dict[str, Any]:
    answered = rest.as_dict() if hasattr(rest, "as_dict") else rest.serialize()
    loaded: dict[str, Any] = json.loads(json.dumps(answered, default=str))
    return loaded


def _hash_from_oracle(path: str) -> str | None:
    """azure-ai-ml's own hash of local files, None for an address."""
    from azure.ai.ml._utils._asset_utils import get_content_hash
    from azure.ai.ml.entities._component.code import ComponentIgnoreFile

    place = Path(path)
    return get_content_hash(place, ComponentIgnoreFile(place)) if place.exists() else None


@pytest.mark.parametrize(
    "name", ["wide_plain", "wide_claims", "wide_remote", "wide_model", "wide_score", "wide_inner"]
)
def test_what_the_sdk_sends_reads_back_as_the_spec(
    name: str, named: Mapping[str, AssetDefinition], sent: Callable[[AssetDefinition], dict[str, Any]]
) -> None:
    definition = named[name]
    found = spec_from_rest(definition.kind, sent(definition), code_hash_of=_hash_from_oracle)
    assert [str(change) for change in changes(definition.fields, found)] == []
    assert content_hash(definition.kind, found, reference_hashes=definition.reference_hashes) == (
        definition.content_hash
    )


def test_a_component_with_additional_includes_has_the_hash_of_what_the_sdk_would_upload(
    named: Mapping[str, AssetDefinition], tmp_path: Path
) -> None:
    from azure.ai.ml import load_component

    definition = named["wide_train"]
    file = tmp_path / "train.yml"
    file.write_text(yaml.safe_dump(to_az_ml_yaml(definition, root=WIDE)))
    component = load_component(file)
    with component._build_code() as code:
        assert code._hash_sha256 == definition.code_hash
    found = spec_from_rest(
        "component", _plain(component._to_rest_object()), code_hash_of=lambda _: definition.code_hash
    )
    assert changes(definition.fields, found) == []


def test_a_build_context_reads_back_as_its_hash(
    named: Mapping[str, AssetDefinition], sent: Callable[[AssetDefinition], dict[str, Any]]
) -> None:
    definition = named["wide_built"]
    body = sent(definition)
    address = "https://a.blob.example/LocalUpload/0f/built/"
    body["properties"]["build"]["contextUri"] = address
    found = spec_from_rest("environment", body, code_hash_of={address: definition.code_hash}.get)
    assert changes(definition.fields, found) == []


def _job_body(pipeline: MLPipeline, folder: Path) -> dict[str, Any]:
    from azure.ai.ml import load_job

    file = folder / "job.yml"
    file.write_text(yaml.safe_dump(job_to_az_ml_yaml(pipeline.job or {})))
    return _plain(load_job(file)._to_rest_object())


def test_a_pipeline_job_reads_back_as_itself(pipeline: MLPipeline, tmp_path: Path) -> None:
    found = spec_from_rest("job", _job_body(pipeline, tmp_path), code_hash_of=lambda _: None)
    assert [str(change) for change in changes(pipeline.job or {}, found)] == []


@pytest.mark.parametrize(
    "trigger",
    [
        {"type": "cron", "expression": "0 6 * * 1", "time_zone": "Pacific Standard Time"},
        {"type": "cron", "expression": "0 6 * * 1", "start_time": "2026-01-01T00:00:00"},
        {"type": "recurrence", "frequency": "day", "interval": 2},
        {
            "type": "recurrence",
            "frequency": "week",
            "interval": 1,
            "schedule": {"hours": 6, "minutes": [30, 0], "week_days": ["friday", "monday"]},
            "end_time": "2027-01-01T00:00:00",
        },
        {
            "type": "recurrence",
            "frequency": "month",
            "interval": 1,
            "schedule": {"hours": [1], "minutes": 0, "month_days": [3, 1]},
        },
    ],
)
def test_a_schedule_reads_back_as_its_spec(trigger: dict[str, Any], tmp_path: Path) -> None:
    from azure.ai.ml.entities._load_functions import load_schedule

    folder = _copy_with_trigger(tmp_path, trigger)
    (loaded,) = load_ml_pipelines([folder], root=folder)
    assert loaded.schedule is not None
    job = loaded.schedule.fields["create_job"]
    (tmp_path / "job.yml").write_text(yaml.safe_dump(job_to_az_ml_yaml(job)))
    mapping = to_az_ml_yaml(loaded.schedule, root=folder, job_file="./job.yml")
    (tmp_path / "schedule.yml").write_text(yaml.safe_dump(mapping))
    body = _plain(load_schedule(tmp_path / "schedule.yml")._to_rest_object())
    found = spec_from_rest("schedule", body, code_hash_of=lambda _: None)
    assert [str(change) for change in changes(loaded.schedule.fields, found)] == []


def _copy_with_trigger(tmp_path: Path, trigger: dict[str, Any]) -> Path:
    import shutil

    folder = tmp_path / "wide"
    shutil.copytree(WIDE, folder)
    file = folder / "schedule.yml"
    fields = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**fields, "trigger": trigger}))
    return folder


@pytest.mark.parametrize(
    ("file", "kind", "name"),
    [
        ("components/train/component.yml", "component", "wide_train"),
        ("components/score/component.yaml", "component", "wide_score"),
        ("environments/plain.yml", "environment", "wide_plain"),
        ("data/remote.yml", "data", "wide_remote"),
        ("models/model.yml", "model", "wide_model"),
    ],
)
def test_the_sdk_reads_the_yaml_as_people_write_it_as_we_do(
    file: str, kind: str, name: str, named: Mapping[str, AssetDefinition]
) -> None:
    """Without our mapping in between; references and files are as the SDK has them before it resolves them."""
    from azure.ai.ml import load_component, load_data, load_environment, load_model

    loaders = {
        "component": load_component,
        "environment": load_environment,
        "data": load_data,
        "model": load_model,
    }
    definition = named[name]
    body = _plain(loaders[kind](WIDE / file)._to_rest_object())
    found = spec_from_rest(kind, body, code_hash_of=lambda _: definition.code_hash)
    differing = {change.path for change in changes(definition.fields, found)}
    assert differing <= {"environment"}


def test_a_body_that_the_service_has_rewritten_reads_back_the_same(
    pipeline: MLPipeline, tmp_path: Path
) -> None:
    """ARM ids for references (in either case), keys in another order, nulls, and numbers for text."""
    body = _job_body(pipeline, tmp_path)
    found = spec_from_rest("job", _as_the_service_answers(body), code_hash_of=lambda _: None)
    assert [str(change) for change in changes(pipeline.job or {}, found)] == []


@pytest.mark.parametrize("name", ["wide_plain", "wide_claims", "wide_score", "wide_inner"])
def test_an_asset_that_the_service_has_rewritten_reads_back_the_same(
    name: str, named: Mapping[str, AssetDefinition], sent: Callable[[AssetDefinition], dict[str, Any]]
) -> None:
    definition = named[name]
    body = _as_the_service_answers(sent(definition))
    found = spec_from_rest(definition.kind, body, code_hash_of=_hash_from_oracle)
    assert [str(change) for change in changes(definition.fields, found)] == []


def _as_the_service_answers(body: Any, key: str = "") -> Any:
    chance = random.Random(7)
    if isinstance(body, dict):
        items = [(name, _as_the_service_answers(value, name)) for name, value in body.items()]
        chance.shuffle(items)
        answered = dict(items)
        if key in {"jobs", "inputs", "outputs"}:
            return answered
        if key not in {"tags", "environment_variables"}:
            answered["somethingNew"] = None
        if "os_type" in answered or "osType" in answered or "image" in answered:
            answered["osType"] = "Linux"
            answered["autoRebuild"] = "Disabled"
        return answered
    if isinstance(body, list):
        return [_as_the_service_answers(item) for item in body]
    if isinstance(body, str):
        return _arm(body, key)
    if isinstance(body, bool) and key == "optional":
        return str(body)
    return body


def _arm(text: str, key: str) -> str:
    collections = {"componentId": "components", "uri": "data", "environment": "environments"}
    if key in {"computeId", "default_compute"}:
        return f"{WORKSPACE}/computes/{text.removeprefix('azureml:')}"
    if key == "default_datastore":
        return f"{WORKSPACE.lower()}/datastores/{text}"
    found = re.match(r"^(?:azureml:)?([\w-]+):([\w.]+)$", text)
    if key in collections and found:
        prefix = "azureml:" if key == "environment" else ""
        return f"{prefix}{WORKSPACE}/{collections[key]}/{found[1]}/versions/{found[2]}"
    if key == "uri" and text.startswith("azureml://datastores/"):
        rest = text.removeprefix("azureml://")
        return f"azureml://subscriptions/s/resourcegroups/g/workspaces/w/{rest}"
    return text
