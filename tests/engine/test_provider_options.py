"""Protects what a program may do with the resources: unknowns, secrets, protection, ignored changes, replacement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.machine_learning_platform import GROUP, MachineLearningPlatform, machine_learning_platform
from tests.engine.provider_stack import ProviderStack

SECOND = "mlw-second"
SCORE = "components/score/component.yml"


@pytest.fixture(scope="module")
def platform() -> Iterator[MachineLearningPlatform]:
    with machine_learning_platform(azure_noise=True) as made:
        second = made.workspace_id.rpartition("/")[0] + f"/{SECOND}"
        made.put(second, made.workspace_body(), "2024-10-01-preview")
        yield made


@pytest.fixture
def stack(tmp_path: Path, platform: MachineLearningPlatform) -> ProviderStack:
    return ProviderStack(tmp_path, platform)


def test_an_unknown_workspace_previews_every_version_and_then_comes_up(stack: ProviderStack) -> None:
    stack.set(workspace_known_late=True)
    stack.forget_requests()
    steps = stack.steps("preview")
    assert {step["op"] for step in steps.values()} == {"create"}
    assert all("id" not in step["newState"] for step in steps.values()), "never a placeholder"
    assert steps["score"]["newState"]["inputs"]["workspaceName"].startswith("04da6b54"), "unknown"
    shown = stack.run("preview", "--diff")
    assert ': "score:h1' in shown.partition("--outputs:--")[2], "the pin is known before the workspace is"
    assert stack.writes() == []
    stack.up()
    assert stack.planned() == {}
    stack.destroy()


def test_secrets_stay_secret_and_options_are_honoured(stack: ProviderStack) -> None:
    stack.set(
        leave_out=["remote_table", "baseline", "score_and_report", "scoring_weekly", "report"],
        secret_descriptions=["score"],
        options={
            "scoring_tools": {"ignore_changes": ["description", "tags"]},
            "score": {"protect": True},
            "table": {"retain_on_delete": True},
        },
    )
    stack.up()
    state = stack.resources()
    for side in ("inputs", "outputs"):
        assert "ciphertext" in state["score"][side]["description"]
    everything = "".join(file.read_text() for file in stack.state.glob(".pulumi/stacks/scoring/*.json"))
    assert "Scores a table." not in everything
    assert stack.live(f"components/score/versions/{state['score']['outputs']['version']}")["properties"][
        "componentSpec"
    ]["description"]
    text = stack.run("preview", "--diff", "--refresh")
    assert "Scores a table." not in text

    stack.change(
        f"environments/scoring_tools/versions/{state['scoring_tools']['outputs']['version']}", description="x"
    )
    with stack.edited("environment.yml", "Tools of the scoring pipeline.", "Other words."):
        assert stack.planned() == {}, "ignored"
    text = stack.run("destroy", "--yes", "--skip-preview", refused=True)
    assert "protect" in text
    stack.set(options={"table": {"retain_on_delete": True}})
    stack.up()
    stack.destroy()
    assert set(stack.versions("data/table").values()) == {False}, "retained"
    assert set(stack.versions("components/score").values()) == {True}


def test_description_and_tags_change_in_place_and_can_be_taken_away(stack: ProviderStack) -> None:
    stack.set(leave_out=["table", "remote_table", "baseline", "score_and_report", "scoring_weekly", "report"])
    stack.up()
    version = stack.resources()["score"]["outputs"]["version"]
    with stack.edited(
        SCORE, "description: Scores a table.\ntags: {team: scoring}\n", "description: New words.\n"
    ):
        assert stack.planned() == {"score": ["update", "description", "tags.team"]}
        stack.forget_requests()
        stack.up()
        assert [entry for entry in stack.writes() if "codes" in entry] == []
        live = stack.live(f"components/score/versions/{version}")["properties"]
        assert live["componentSpec"]["description"] == "New words."
        assert not live.get("tags")
        assert stack.resources()["score"]["outputs"]["version"] == version
        assert stack.drift() == {}


def test_another_name_or_workspace_replaces_either_way_round(stack: ProviderStack) -> None:
    stack.set(leave_out=["table", "remote_table", "baseline", "score_and_report", "scoring_weekly", "report"])
    stack.up()
    version = stack.resources()["score"]["outputs"]["version"]
    with stack.edited(SCORE, "name: score\n", "name: score_two\n"):
        # The logical name stays, so it is the same resource under another address.
        stack.set(names={"score_two": "score"})
        assert stack.planned()["score"][0] == "replace"
        stack.up()
        assert stack.versions("components/score") == {version: True}
        assert stack.resources()["score"]["id"].endswith("/components/score_two")
    stack.set(
        names={},
        options={"score": {"delete_before_replace": True}, "scoring_tools": {"delete_before_replace": True}},
    )
    stack.set(workspace=SECOND)
    stack.up()
    item = stack.resources()["score"]
    assert f"/workspaces/{SECOND}/components/score" in item["id"]
    assert item["outputs"]["version"] == version, "the same content is the same version in every workspace"
    assert stack.planned() == {}


def test_a_rename_without_an_alias_leaves_the_version_in_use(stack: ProviderStack) -> None:
    stack.set(leave_out=["table", "remote_table", "baseline", "score_and_report", "scoring_weekly", "report"])
    with stack.edited(SCORE, "name: score\n", "name: score_renamed\n"):
        stack.up()
        stack.set(names={"score_renamed": "score-other", "scoring_tools": "tools-other"})
        text = stack.up()
        assert "declares it too" in text
        assert set(stack.versions("components/score_renamed").values()) == {False}
        assert stack.drift() == {}


def test_wrong_inputs_are_listed_by_property(stack: ProviderStack) -> None:
    stack.set(group="", workspace="")
    text = stack.run("preview", refused=True)
    assert "resourceGroupName" in text
    assert "workspaceName" in text
    assert "got an empty text, expected a name" in text
    assert GROUP not in text
