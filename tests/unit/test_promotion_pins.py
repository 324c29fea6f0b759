"""Protects what a release pins: all that its schedule reaches, each after what it refers to, and nothing in silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from plumbline.assets import MLPipeline, canonical_text, load_ml_pipelines
from plumbline.assets.lock import Lock, lock_text, read_lock_text, sealed, sealed_release
from plumbline.ops.errors import UserError
from plumbline.ops.promotion.pins import definitions_of, locked_schedules, pins_of
from tests.unit.test_lock import release_fields

ROOT = Path(__file__).parents[2]
REGISTRY = "shared-ml"


@pytest.fixture(scope="module")
def claims() -> MLPipeline:
    return load_ml_pipelines([ROOT / "pipelines" / "claims_release"], root=ROOT)[0]


def _lock(claims: MLPipeline) -> Lock:
    pins = pins_of(definitions_of(claims))
    fields = release_fields() | {"pipeline": claims.name, "pins": pins}
    release = sealed_release(fields | {"schedules": locked_schedules(claims, pins, REGISTRY)})
    return sealed(stack="staging", registry=REGISTRY, releases=[release])


def test_the_claims_release_makes_a_lock_that_holds_together(claims: MLPipeline) -> None:
    lock = _lock(claims)
    read = read_lock_text(lock_text(lock).encode(), stack="staging", where="stacks/locks/staging.yaml")
    pins = read.releases[0].pins
    assert {(pin.kind, pin.reference) for pin in pins} == {
        (one.kind, one.reference) for one in claims.assets if one.kind != "model"
    }
    steps = read.releases[0].schedules[0].spec["create_job"]["jobs"]
    assert all(step["component"].startswith(f"azureml://registries/{REGISTRY}/") for step in steps.values())


def test_the_same_commit_makes_the_same_lock(claims: MLPipeline) -> None:
    assert lock_text(_lock(claims)) == lock_text(_lock(claims))


def test_every_schedule_of_the_released_job_is_in_the_lock(claims: MLPipeline) -> None:
    (weekly,) = claims.schedules
    fields = weekly.fields
    fields["trigger"]["frequency"] = "month"
    monthly = replace(
        weekly, name="claims_release_monthly", source="pipelines/x/monthly.yml", spec=canonical_text(fields)
    )
    read = read_lock_text(
        lock_text(_lock(replace(claims, schedules=(weekly, monthly)))).encode(), stack="staging", where="lock"
    )
    found = read.releases[0].schedules
    assert [(one.name, one.file) for one in found] == [
        ("claims_release_weekly", "schedule.yml"), ("claims_release_monthly", "monthly.yml"),
    ]  # fmt: skip
    assert found[1].spec["trigger"]["frequency"] == "month"


def test_a_pipeline_without_a_schedule_or_with_one_of_another_job_is_refused(claims: MLPipeline) -> None:
    with pytest.raises(UserError, match="got no schedule"):
        definitions_of(replace(claims, schedules=()))
    (weekly,) = claims.schedules
    fields = weekly.fields
    fields["create_job"]["jobs"].pop("gate")
    ungated = replace(weekly, name="nightly", source="pipelines/x/nightly.yml", spec=canonical_text(fields))
    with pytest.raises(UserError, match=r"starts: nightly \(pipelines/x/nightly.yml\), expected the job"):
        definitions_of(replace(claims, schedules=(weekly, ungated)))


def test_a_schedule_of_a_command_job_is_refused(claims: MLPipeline) -> None:
    """A registry holds no code that is no component's."""
    (weekly,) = claims.schedules
    job = {"type": "command", "command": "echo", "environment": "azureml:tools:1"}
    tidy = replace(weekly, name="tidy", spec=canonical_text({**weekly.fields, "create_job": job}))
    for schedules in ((tidy,), (weekly, tidy)):
        with pytest.raises(UserError, match="got a schedule of a command job"):
            definitions_of(replace(claims, schedules=schedules))
