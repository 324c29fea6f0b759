"""Protects codify: what was changed live stands in the YAML afterwards, comments kept, and a preview shows no change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from plumbline.ops.codify.live_resource import live_resources
from plumbline.ops.codify.writing import Codified, codify
from tests.contract.machine_learning_platform import MachineLearningPlatform, machine_learning_platform
from tests.engine.provider_stack import ProviderStack, wait_for

SCHEDULE = """\
name: scoring_weekly
# The team's own words.
display_name: Weekly scoring
description: Scores every Monday.   # shown in the studio
tags: {team: scoring}
trigger:
  type: recurrence
  frequency: week
  interval: 1   # every week

  # Before the office opens.
  schedule:
    hours: 6
    minutes: 0
    week_days: [monday]
  time_zone: W. Europe Standard Time
  start_time: "2026-01-05T06:00:00"
create_job: ./pipeline.yml
"""


@pytest.fixture(scope="module")
def platform() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform(azure_noise=True) as made:
        yield made


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, platform: MachineLearningPlatform) -> ProviderStack:
    made = ProviderStack(tmp_path_factory.mktemp("codify"), platform)
    (made.program / "ml/scoring/schedule.yml").write_text(SCHEDULE)
    made.up()
    return made


def _codify(stack: ProviderStack, *also: str, **options: Any) -> Codified:
    answer = stack.compared()
    assert answer.returncode == 0, answer.stderr
    plan = json.loads(answer.stdout)
    return codify(
        live_resources(plan, also), root=stack.program, folders=[stack.program / "ml" / "scoring"], **options
    )


def _wait_until_seen(stack: ProviderStack, fields: set[tuple[str, str]]) -> None:
    """With noise, reads lag behind writes."""
    wait_for(lambda: fields <= {(one.resource, one.field) for one in _codify(stack, dry_run=True).written})


def _edit_everything(stack: ProviderStack) -> None:
    for kind, name in (
        ("environments", "scoring_tools"),
        ("components", "score"),
        ("data", "table"),
        ("models", "baseline"),
    ):
        (version,) = stack.versions(f"{kind}/{name}")
        stack.change(f"{kind}/{name}/versions/{version}", description=f"Edited {name}: by hand.")
    body = stack.live("schedules/scoring_weekly")["properties"]
    body["description"] = "Scores every Tuesday."
    body["trigger"]["schedule"] |= {"hours": [7], "weekDays": ["Tuesday"]}
    body["tags"] = {"owner": "risk"}
    body["action"]["jobDefinition"]["settings"]["default_compute"] = "gpu-cluster"
    body["action"]["jobDefinition"]["tags"] = {"reviewed": "yes"}
    stack.call("PUT", "schedules/scoring_weekly", body={"properties": body})


def test_every_kind_is_codified_and_the_preview_shows_no_change(stack: ProviderStack) -> None:
    _edit_everything(stack)
    before = {path: path.read_text() for path in (stack.program / "ml").rglob("*.yml")}
    expected = {
        ("scoring_tools", "description"),
        ("score", "description"),
        ("table", "description"),
        ("baseline", "description"),
        ("scoring_weekly", "description"),
        ("scoring_weekly", "tags.owner"),
        ("scoring_weekly", "tags.team"),
        ("scoring_weekly", "trigger.schedule.hours"),
        ("scoring_weekly", "trigger.schedule.week_days"),
        ("scoring_weekly", "create_job.settings.default_compute"),
        ("scoring_weekly", "create_job.tags"),
    }
    _wait_until_seen(stack, expected)
    assert {path: path.read_text() for path in before} == before, "a dry run writes nothing"
    done = _codify(stack)
    assert done.refused == ()
    assert {(one.resource, one.field) for one in done.written} == expected
    text = (stack.program / "ml/scoring/schedule.yml").read_text()
    assert text == SCHEDULE.replace("Scores every Monday.", "Scores every Tuesday.").replace(
        "{team: scoring}", "{owner: risk}"
    ).replace("hours: 6", "hours: 7").replace("[monday]", "[tuesday]").replace(
        "create_job: ./pipeline.yml",
        "create_job:\n  job: ./pipeline.yml\n  settings:\n    default_compute: azureml:gpu-cluster\n"
        "  tags:\n    reviewed: 'yes'",
    )
    stack.run("refresh", "--yes", "--skip-preview")
    assert stack.planned() == {}


def test_what_no_yaml_can_say_is_named_with_the_way(stack: ProviderStack) -> None:
    body = stack.live("schedules/scoring_weekly")["properties"]
    stack.call("PUT", "schedules/scoring_weekly", body={"properties": {**body, "isEnabled": False}})
    wait_for(lambda: _codify(stack, dry_run=True).refused)
    done = _codify(stack)
    assert done.written == ()
    ((resource, field, reason),) = [(one.resource, one.field, one.reason) for one in done.refused]
    assert (resource, field) == ("scoring_weekly", "enabled")
    assert "pulumi up" in reason
    stack.up()


def test_one_field_alone_is_codified(stack: ProviderStack) -> None:
    (version,) = stack.versions("components/score")
    stack.change(f"components/score/versions/{version}", description="Once more.", tags={"seen": "yes"})
    _wait_until_seen(stack, {("score", "tags.seen"), ("score", "description")})
    done = _codify(stack, fields=["tags.seen"])
    assert [(one.resource, one.field) for one in done.written] == [("score", "tags.seen")]
    assert "Once more." not in (stack.program / "ml/scoring/components/score/component.yml").read_text()
    stack.up()


def test_what_a_refresh_took_into_the_state_is_codified_by_name(stack: ProviderStack) -> None:
    (version,) = stack.versions("data/table")
    stack.change(f"data/table/versions/{version}", description="Seen by a refresh.")
    _wait_until_seen(stack, {("table", "description")})
    stack.run("refresh", "--yes", "--skip-preview")
    assert "table" not in {one.resource for one in _codify(stack, dry_run=True).written}
    (written,) = (one for one in _codify(stack, "table").written if one.resource == "table")
    assert (written.field, written.now) == ("description", "Seen by a refresh.")
