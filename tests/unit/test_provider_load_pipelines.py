"""Protects loadPipelines: other languages get the very definitions that a Python program reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from plumbline.assets import load_ml_pipelines
from plumbline.kinds import KINDS
from plumbline.provider.errors import Refusal
from plumbline.provider.functions.pipelines import load_pipelines
from plumbline.provider.schema import package_schema
from plumbline.provider.table import property_rows

DATA = Path(__file__).resolve().parents[1] / "data" / "assets"


def test_versions_and_hashes_are_those_of_the_python_loader() -> None:
    (pipeline,) = load_ml_pipelines([DATA / "wide"], root=DATA)
    answer = load_pipelines({"folders": ["wide"]}, root=DATA)
    assert answer["versions"] == {f"{asset.kind}/{asset.name}": asset.version for asset in pipeline.assets}
    assert {key: found["contentHash"] for key, found in answer["assets"].items()} == {
        f"{asset.kind}/{asset.name}": asset.content_hash for asset in pipeline.assets
    }
    assert answer["order"] == list(answer["versions"])
    (schedule,) = answer["schedules"].values()
    assert schedule["spec"] == pipeline.schedules[0].spec
    assert [problem["severity"] for problem in answer["problems"]] == ["warning"] * len(pipeline.warnings)


def test_every_input_is_one_of_its_resource_and_of_the_schema() -> None:
    answer = load_pipelines({"folders": ["wide"]}, root=DATA)
    types = package_schema("0.1.0")["types"]
    beside = {"type", "dependsOn"}
    for key, found in answer["assets"].items():
        assert set(found) - beside <= set(property_rows(key.partition("/")[0])), key
        assert set(found) <= set(types["plumbline:azureml:AssetDefinition"]["properties"])
        assert found["type"] == KINDS[key.partition("/")[0]].token
    for found in answer["schedules"].values():
        assert set(found) - beside <= set(property_rows("schedule"))
        assert set(types["plumbline:azureml:ScheduleDefinition"]["required"]) <= set(found)


def test_errors_refuse_all_at_once_or_are_answered(tmp_path: Path) -> None:
    shutil.copytree(DATA / "small", tmp_path / "small")
    (tmp_path / "small/environment.yml").write_text("name: tools\nimage: 5\nbogus: 1\n")
    with pytest.raises(Refusal) as caught:
        load_pipelines({"folders": ["small"]}, root=tmp_path)
    assert "small/environment.yml:3: bogus" in str(caught.value)
    assert "small/environment.yml:2: image" in str(caught.value)
    answer = load_pipelines({"folders": ["small"], "strict": False}, root=tmp_path)
    assert answer["assets"] == {}
    assert {(problem["severity"], problem["line"]) for problem in answer["problems"]} >= {
        ("error", 2),
        ("error", 3),
    }
