"""Protects what codify refuses: a file is written only where it then says what is live, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from plumbline.assets import load_ml_pipelines
from plumbline.kinds import COMPONENT, SCHEDULE
from plumbline.kinds.definition_inputs import asset_inputs, schedule_inputs
from plumbline.ops.codify.live_resource import LiveResource
from plumbline.ops.codify.writing import Codified, codify
from plumbline.ops.errors import UserError

DATA = Path(__file__).resolve().parents[1] / "data" / "assets"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(DATA / "small", tmp_path / "small")
    return tmp_path


def _codify(root: Path, *live: LiveResource) -> Codified:
    return codify(live, root=root, folders=[root / "small"])


def _schedule(root: Path, **changed: Any) -> LiveResource:
    (pipeline,) = load_ml_pipelines([root / "small"], root=root)
    inputs = schedule_inputs(pipeline.schedules[0])
    return LiveResource(
        resource="s",
        type=SCHEDULE.token,
        source=inputs["source"],
        inputs={**inputs, **changed},
        desired=inputs,
    )


def _component(root: Path, name: str, **changed: Any) -> LiveResource:
    (pipeline,) = load_ml_pipelines([root / "small"], root=root)
    inputs = asset_inputs(next(asset for asset in pipeline.components if asset.name == name))
    return LiveResource(
        resource="c",
        type=COMPONENT.token,
        source=inputs["source"],
        inputs={**inputs, **changed},
        desired=inputs,
    )


def _name(root: Path) -> str:
    (pipeline,) = load_ml_pipelines([root / "small"], root=root)
    return pipeline.components[0].name


def test_a_pin_to_another_version_is_refused_by_its_reason(root: Path) -> None:
    live = _schedule(root)
    spec = json.loads(str(live.desired["spec"]))
    step = next(iter(spec["create_job"]["jobs"]))
    spec["create_job"]["jobs"][step]["component"] = "azureml:other:3"
    done = _codify(root, _schedule(root, spec=json.dumps(spec)))
    assert done.written == ()
    assert [(one.field, "another version" in one.reason) for one in done.refused] == [
        (f"create_job.jobs.{step}.component", True)
    ]


def test_of_a_command_job_values_are_written_and_other_code_is_refused(root: Path) -> None:
    small = root / "small"
    (small / "tidy.yml").write_text(
        "command: echo ${{inputs.days}}  # said\ncode: ./components/train/src\nenvironment: azureml:small@latest\n"
        "inputs: {days: 30}\nlimits: {timeout: 600}\n"
    )
    schedule = small / "schedule.yml"
    schedule.write_text(schedule.read_text().replace("./pipeline.yml", "./tidy.yml"))
    live = json.loads(_schedule(root).inputs["spec"])  # type: ignore[index]
    live["create_job"] |= {"command": "echo ${{inputs.days}} more", "code": f"sha256:{'0' * 64}"}
    done = _codify(root, _schedule(root, spec=json.dumps(live)))
    assert [(one.file, one.field) for one in done.written] == [("small/tidy.yml", "create_job.command")]
    assert [one.field for one in done.refused] == ["create_job.code"]
    assert "# said" in (small / "tidy.yml").read_text()


def test_content_of_a_version_and_what_is_gone_are_refused(root: Path) -> None:
    name = _name(root)
    spec = {**json.loads(str(_component(root, name).desired["spec"])), "command": "echo other"}
    gone = _component(root, name)
    gone = LiveResource(resource="g", type=gone.type, source=gone.source, inputs=None, desired=gone.desired)
    cluster = LiveResource(resource="k", type="azure-native:x:Y", source="", inputs={}, desired={})
    done = _codify(root, _component(root, name, spec=json.dumps(spec)), gone, cluster)
    assert done.written == ()
    reasons = {one.resource: one.reason for one in done.refused}
    assert "versions never change" in reasons["c"]
    assert "deleted" in reasons["g"]
    assert "the program declares it" in reasons["k"]


def test_a_value_that_carries_an_anchor_is_refused_and_the_others_are_written(root: Path) -> None:
    file = root / "small" / "components" / "train" / "component.yml"
    (pipeline,) = load_ml_pipelines([root / "small"], root=root)
    name = next(asset.name for asset in pipeline.components if asset.source.endswith("train/component.yml"))
    anchored = file.read_text() + "tags: {note: &note old, again: *note, other: x}\n"
    file.write_text(anchored)
    done = _codify(root, _component(root, name, tags={"note": "new", "again": "old", "other": "y"}))
    assert [one.field for one in done.written] == ["tags.other"]
    assert [(one.field, "no YAML" in one.reason) for one in done.refused] == [("tags.note", True)]
    assert file.read_text() == anchored.replace("other: x", "other: y")


def test_an_alias_is_refused_and_nothing_is_written(root: Path) -> None:
    file = root / "small" / "components" / "train" / "component.yml"
    (pipeline,) = load_ml_pipelines([root / "small"], root=root)
    name = next(asset.name for asset in pipeline.components if asset.source.endswith("train/component.yml"))
    anchored = file.read_text() + "tags: {note: &note old, again: *note}\n"
    file.write_text(anchored)
    for tags in ({"note": "old"}, {"note": "old", "again": "new"}):
        done = _codify(root, _component(root, name, tags=tags))
        assert done.written == ()
        assert [(one.field, "alias" in one.reason) for one in done.refused] == [("tags.again", True)]
    assert file.read_text() == anchored


def test_definitions_with_errors_are_refused_and_stay(root: Path) -> None:
    live = _component(root, _name(root), description="Other.")
    file = root / "small" / "environment.yml"
    file.write_text(file.read_text() + "bogus: 1\n")
    with pytest.raises(UserError, match=r"environment\.yml"):
        _codify(root, live)
