"""Protects loading: references become exact, children come before parents, shared files are registered once."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from plumbline.assets import (
    DefinitionErrors,
    MLPipeline,
    load_ml_pipelines,
    resolved_job,
    to_az_ml_yaml,
)

DATA = Path(__file__).parents[1] / "data" / "assets"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA / "small", tmp_path / "small"))


def _load(folder: Path) -> MLPipeline:
    (loaded,) = load_ml_pipelines([folder], root=folder)
    return loaded


def _replace(file: Path, old: str, new: str) -> None:
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


def test_children_come_before_their_parents() -> None:
    loaded = _load(DATA / "wide")
    names = [asset.name for asset in loaded.assets]
    for asset in loaded.assets:
        for reference in asset.references:
            assert names.index(reference.name) < names.index(asset.name)
    assert names[-1] == "wide_inner"


@pytest.mark.parametrize(
    "written",
    ["azureml:small", "azureml:small@latest", "../../environment.yml", "file:../../environment.yml"],
)
def test_every_way_to_point_to_a_definition_is_its_exact_version(small: Path, written: str) -> None:
    before = _load(small)
    _replace(small / "components" / "train" / "component.yml", "azureml:small@latest", written)
    after = _load(small)
    assert after.components == before.components or after.components[-1].spec == before.components[-1].spec
    assert after.components[-1].fields["environment"] == f"azureml:{before.environments[0].reference}"


def test_the_schedule_and_the_job_hold_the_same_exact_versions(small: Path) -> None:
    loaded = _load(small)
    assert loaded.schedule is not None
    assert loaded.job is not None
    assert loaded.schedule.fields["create_job"] == loaded.job
    pins = {f"azureml:{asset.reference}" for asset in loaded.components}
    assert {node["component"] for node in loaded.job["jobs"].values()} == pins
    assert loaded.job["inputs"]["rows"]["path"] == f"azureml:{loaded.data_assets[0].reference}"
    assert {str(reference) for reference in loaded.schedule.references} >= pins


def test_a_foreign_label_needs_a_pin(small: Path) -> None:
    label = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"
    _replace(small / "components" / "train" / "component.yml", "azureml:small@latest", label)
    with pytest.raises(DefinitionErrors, match="which moves, expected an exact version"):
        _load(small)
    exact = "azureml://registries/azureml/environments/sklearn-1.5/versions/35"
    (small / "pins.yaml").write_text(yaml.safe_dump({"pins": {label: exact}}))
    train = next(asset for asset in _load(small).components if asset.name == "small_train")
    assert train.fields["environment"] == exact
    assert train.references == ()


def test_a_schedule_overrides_its_jobs_inputs_and_settings(small: Path) -> None:
    inline = {
        "type": "pipeline",
        "job": "./pipeline.yml",
        "inputs": {"rate": 0.5},
        "settings": {"force_rerun": True},
    }
    _replace(small / "schedule.yml", "create_job: ./pipeline.yml", f"create_job: {inline}")
    loaded = _load(small)
    assert loaded.schedule is not None
    job = loaded.schedule.fields["create_job"]
    assert job["inputs"]["rate"] == "0.5"
    assert job["settings"] == {"default_compute": "azureml:cpu-cluster", "force_rerun": True}
    assert loaded.job is not None
    assert loaded.job["inputs"]["rate"] == "0.2"
    assert resolved_job(loaded, {"inputs": {"rate": 0.5}, "settings": {"force_rerun": True}}) == job


def test_a_schedule_without_a_start_gets_a_constant_one(small: Path) -> None:
    loaded = _load(small)
    assert loaded.schedule is not None
    assert loaded.schedule.fields["trigger"]["start_time"] == "2024-01-01T00:00:00"
    _replace(small / "schedule.yml", "  time_zone", "  start_time: 2026-01-05T06:00:00\n  time_zone")
    again = _load(small)
    assert again.schedule is not None
    assert again.schedule.fields["trigger"]["start_time"] == "2026-01-05T06:00:00"


def test_a_shared_file_outside_every_folder_is_registered_by_who_points_first(
    small: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(small, tmp_path / "other"))
    shutil.move(other / "environment.yml", tmp_path / "shared.yml")
    shutil.move(other / "conda.yml", tmp_path / "conda.yml")
    (small / "environment.yml").unlink()
    for folder in (small, other):
        for step in ("train", "judge"):
            _replace(
                folder / "components" / step / "component.yml", "azureml:small@latest", "../../../shared.yml"
            )
    first, second = load_ml_pipelines([small, other], root=tmp_path)
    assert [asset.source for asset in first.environments] == ["shared.yml"]
    assert second.environments == ()
    assert first.components[0].content_hash == second.components[0].content_hash


def test_release_terms_are_read_with_the_thresholds_file_behind_them(tmp_path: Path) -> None:
    stock = Path(shutil.copytree(DATA.parent / "pipelines" / "stock_forecast", tmp_path / "stock_forecast"))
    terms = _load(stock).release
    assert terms is not None
    limit = {"at_most": 2.0, "why": "the shelf holds two more"}
    assert terms["thresholds"] == {"mean_error": limit}
    assert terms["thresholds_source"] == "limits.yml"
    _replace(
        stock / "release.yml",
        "thresholds: limits.yml",
        "thresholds:\n  mean_error: {at_most: 1.0, why: less}",
    )
    terms = _load(stock).release
    assert terms is not None
    assert terms["thresholds"]["mean_error"]["at_most"] == 1.0
    assert "thresholds_source" not in terms


def test_definitions_carry_no_absolute_path(small: Path, tmp_path: Path) -> None:
    (loaded,) = load_ml_pipelines([small], root=tmp_path)
    for asset in loaded.assets:
        assert str(tmp_path) not in repr(asset)
    train = next(asset for asset in loaded.components if asset.name == "small_train")
    assert train.code_path == "small/components/train/src"
    assert train.source == "small/components/train/component.yml"
    assert train.lines["inputs.rate.default"] == 14
    assert to_az_ml_yaml(train, root=tmp_path)["code"] == str(tmp_path / "small/components/train/src")


def test_an_alias_and_a_merge_key_are_followed(small: Path) -> None:
    before = _load(small)
    file = small / "components" / "train" / "component.yml"
    _replace(file, "  rows:\n    type: uri_folder\n", "  rows: &folder\n    type: uri_folder\n")
    _replace(file, "  model:\n    type: uri_folder\n", "  model:\n    <<: *folder\n")
    assert _load(small).components == before.components or [
        a.content_hash for a in _load(small).components
    ] == [a.content_hash for a in before.components]


def test_two_hundred_components_load_within_a_second(small: Path) -> None:
    template = (small / "components" / "train" / "component.yml").read_text()
    jobs: dict[str, Any] = {}
    for number in range(200):
        home = small / "components" / f"step{number}"
        (home / "src").mkdir(parents=True)
        (home / "src" / "train.py").write_text(f"print({number})\n")
        (home / "component.yml").write_text(template.replace("small_train", f"small_step{number}"))
        jobs[f"step{number}"] = {
            "component": f"./components/step{number}/component.yml",
            "inputs": {"rows": "${{parent.inputs.rows}}", "rate": "${{parent.inputs.rate}}"},
        }
    job = yaml.safe_load((small / "pipeline.yml").read_text())
    job["jobs"] |= jobs
    (small / "pipeline.yml").write_text(yaml.safe_dump(job))
    took = min(_seconds(small) for _ in range(3))
    assert took < 1.0


def _seconds(folder: Path) -> float:
    start = time.process_time()
    assert len(_load(folder).components) == 202
    return time.process_time() - start


def test_nothing_of_the_cloud_or_of_pulumi_is_imported() -> None:
    code = (
        "import sys, plumbline.assets\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('azure', 'pulumi', 'requests', 'aiohttp')])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_the_work_of_loading_grows_with_the_folders_and_not_with_their_square(tmp_path: Path) -> None:
    """Counted in calls: a clock would measure the machine."""

    def calls(count: int) -> int:
        root = tmp_path / str(count)
        folders = [Path(shutil.copytree(DATA / "small", root / f"p{at}")) for at in range(count)]
        for at, folder in enumerate(folders):
            for file in folder.rglob("*.yml"):
                file.write_text(file.read_text().replace("small", f"small{at}"))
        seen = 0

        def count_call(_frame: object, event: str, _argument: object) -> None:
            nonlocal seen
            seen += event == "call"

        sys.setprofile(count_call)
        try:
            load_ml_pipelines(folders, root=root)
        finally:
            sys.setprofile(None)
        return seen

    calls(1)  # imports and tables once
    few, many = calls(4), calls(16)
    assert many < few * 4.6
