"""Protects what must hold for every kind of resource: nothing sent twice, drift told by field, what is gone comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.machine_learning_platform import GROUP, WORKSPACE, machine_learning_platform
from tests.engine.provider_stack import ProviderStack

# Logical name -> where it lies in the workspace. A new kind gets its row here.
KINDS = {
    "scoring_tools": "environments/scoring_tools",
    "table": "data/table",
    "remote_table": "data/remote_table",
    "baseline": "models/baseline",
    "report": "components/report",
    "score": "components/score",
    "score_and_report": "components/score_and_report",
    "scoring_weekly": "schedules/scoring_weekly",
}
ASSETS = {name: path for name, path in KINDS.items() if name != "scoring_weekly"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderStack]:
    with machine_learning_platform(azure_noise=True) as platform:
        made = ProviderStack(tmp_path_factory.mktemp("invariants"), platform)
        made.up()
        yield made


def current(stack: ProviderStack, name: str) -> str:
    """Path of the version that the stack holds, or of the schedule."""
    path = KINDS[name]
    if name == "scoring_weekly":
        return path
    return f"{path}/versions/{stack.resources()[name]['outputs']['version']}"


def test_a_second_up_changes_nothing_and_sends_no_write(stack: ProviderStack) -> None:
    stack.up("--refresh")
    stack.forget_requests()
    text = stack.up("--expect-no-changes")
    assert stack.writes() == []
    assert "unchanged" in text
    assert stack.drift() == {}


def test_the_state_holds_stable_facts_only(stack: ProviderStack) -> None:
    resources = stack.resources()
    for name, path in KINDS.items():
        item = resources[name]
        assert item["id"].lower() == f"{stack.platform.workspace_id}/{path}".lower()
        text = json.dumps([item["inputs"], item["outputs"]])
        assert str(stack.program) not in text
        assert "127.0.0.1" not in text
    for name, path in ASSETS.items():
        outputs = resources[name]["outputs"]
        assert outputs["reference"] == f"{path.partition('/')[2]}:{outputs['version']}"
        assert outputs["registeredVersions"] == [outputs["version"]]
    assert resources["baseline"]["outputs"]["version"] == "1"
    assert resources["report"]["outputs"]["version"] == "3"


def test_an_edit_made_elsewhere_is_named_to_the_field_and_put_back(stack: ProviderStack) -> None:
    expected = {}
    for name in KINDS:
        body = stack.live(current(stack, name))["properties"]
        stack.change(
            current(stack, name), description="edited", tags={**(body.get("tags") or {}), "who": "alice"}
        )
        expected[name] = ["update", "description", "tags.who"]
    stack.change(KINDS["scoring_weekly"], isEnabled=False)
    expected["scoring_weekly"] = ["update", "description", "enabled", "tags.who"]
    assert stack.drift() == expected

    stack.forget_requests()
    stack.up("--refresh")
    puts = [entry for entry in stack.writes() if entry.startswith("PUT")]
    assert sorted(puts) == sorted({*puts}), "each is put once"
    assert len(puts) == len(KINDS)
    assert stack.drift() == {}
    stack.up("--expect-no-changes")


def test_an_edit_put_back_by_hand_is_no_drift(stack: ProviderStack) -> None:
    path = current(stack, "scoring_tools")
    before = stack.live(path)["properties"].get("description")
    stack.change(path, description="edited")
    stack.change(path, description=before)
    assert stack.drift() == {}


def test_tags_that_disagree_in_the_two_places_show_the_same_in_every_saved_refresh(
    stack: ProviderStack,
) -> None:
    """Azure keeps a component's tags beside its spec and in it; an edit of one place alone is one difference."""
    path = current(stack, "report")
    before = stack.live(path)["properties"].get("tags") or {}
    stack.change(path, tags={"who": "alice"})
    seen = []
    for _ in range(2):
        stack.run("refresh", "--yes", "--skip-preview")
        report = stack.resources()["report"]
        seen.append((report["inputs"], report["outputs"]))
    assert seen[0] == seen[1]
    planned = stack.planned()
    assert planned.pop("report")[0] == "update"
    assert planned == {}
    stack.up()
    properties = stack.live(path)["properties"]
    for place in (properties, properties["componentSpec"]):
        assert (place.get("tags") or {}) == before
    stack.up("--refresh", "--expect-no-changes")


def test_what_was_archived_elsewhere_is_restored(stack: ProviderStack) -> None:
    for name in ASSETS:
        stack.change(current(stack, name), isArchived=True)
    stack.change(KINDS["score"], isArchived=True)
    assert stack.drift() == {name: ["update", "archived"] for name in ASSETS}
    text = stack.up("--refresh")
    assert "restored score:" in text
    assert stack.drift() == {}
    for name, path in ASSETS.items():
        assert set(stack.versions(path).values()) == {False}, name


def test_what_was_deleted_elsewhere_is_made_again(stack: ProviderStack) -> None:
    stack.change(KINDS["scoring_weekly"], isEnabled=False)  # Azure deletes no schedule that may fire
    for name in KINDS:
        stack.call("DELETE", current(stack, name))
    assert stack.drift() == {name: ["delete"] for name in KINDS}
    stack.up("--refresh")
    assert stack.drift() == {}
    stack.up("--expect-no-changes")


def test_a_trigger_changed_elsewhere_is_drift_of_the_schedule(stack: ProviderStack) -> None:
    body = stack.live("schedules/scoring_weekly")["properties"]
    stack.change("schedules/scoring_weekly", trigger={**body["trigger"], "interval": 2})
    assert stack.drift() == {"scoring_weekly": ["update", "spec"]}
    stack.up("--refresh")
    assert str(stack.live("schedules/scoring_weekly")["properties"]["trigger"]["interval"]) == "1"


def test_one_changed_line_is_one_new_version_and_its_pins_and_back_again_nothing_is_uploaded(
    stack: ProviderStack,
) -> None:
    before = stack.resources()["score"]["outputs"]["version"]
    with stack.edited("components/score/src/score.py", "scores", "better scores"):
        assert stack.planned() == {
            "score": ["update", "spec", "version"],
            "score_and_report": ["update", "spec", "version"],
            "scoring_weekly": ["update", "spec"],
        }
        shown = stack.run("preview", "--diff")
        assert f'"azureml:score:{before}" => "azureml:score:h1' in shown, (
            "the pin of the parent, field by field"
        )
        assert '"azureml:score_and_report:h1' in shown, "the pin of the schedule"

        stack.forget_requests()
        stack.up()
        puts = stack.writes()
        assert len([entry for entry in puts if entry.startswith("PUT codes/")]) == 1, puts
        after = stack.resources()["score"]["outputs"]
        assert after["version"] != before
        assert after["registeredVersions"] == [before, after["version"]]
        assert stack.versions("components/score")[before] is False, "older versions are not touched"

    stack.forget_requests()
    stack.up()
    written = [entry for entry in stack.writes() if not entry.startswith("PUT schedules/")]
    assert written == [], "the old version is current again without a write"
    assert stack.resources()["score"]["outputs"]["version"] == before
    assert stack.drift() == {}


def test_a_comment_and_another_order_change_nothing(stack: ProviderStack) -> None:
    order = ("name: score\ndisplay_name: Score\n", "# a comment\ndisplay_name: Score\nname: score\n")
    with stack.edited("components/score/component.yml", *order):
        assert stack.planned() == {}


def test_an_import_of_every_kind_shows_no_difference(stack: ProviderStack, tmp_path: Path) -> None:
    resources = stack.resources()
    listed = []
    for name in KINDS:
        item = resources[name]
        version = item["outputs"].get("version")
        id = f"{item['id']}/versions/{version}" if version else item["id"]
        listed.append({"type": item["type"], "name": name, "id": id})
    file = tmp_path / "import.json"
    file.write_text(json.dumps({"resources": listed}))
    other = ProviderStack(tmp_path, stack.platform)
    other.run(
        "import", "--file", str(file), "--yes", "--generate-code=false", "--protect=false", "--skip-preview"
    )
    assert other.planned() == {}
    assert other.drift() == {}
    assert other.resources()["score"]["outputs"]["registeredVersions"] == [], (
        "an imported version is not ours to archive"
    )

    (tmp_path / "by-name").mkdir()
    other = ProviderStack(tmp_path / "by-name", stack.platform)
    other.environment |= {"AZURE_RESOURCE_GROUP": GROUP, "AZUREML_WORKSPACE_NAME": WORKSPACE}
    reference = resources["table"]["outputs"]["reference"]
    words = (
        "plumbline:azureml:DataAsset",
        "table",
        reference,
        "--yes",
        "--generate-code=false",
        "--protect=false",
    )
    other.run("import", *words, "--skip-preview")
    assert other.resources()["table"]["id"] == resources["table"]["id"]


def test_destroy_archives_and_up_brings_back(stack: ProviderStack) -> None:
    registered = {name: stack.resources()[name]["outputs"]["registeredVersions"] for name in ASSETS}
    text = stack.destroy()
    assert "schedule scoring_weekly was disabled and deleted" in text
    assert "archived scoring_tools" in text
    for name, path in ASSETS.items():
        assert all(stack.versions(path)[version] for version in registered[name]), name
    assert stack.live("schedules")["value"] == []
    stack.forget_requests()
    shown = stack.run("up", "--yes")
    assert "restored" in shown
    assert not [entry for entry in stack.writes() if " codes/" in entry], "nothing is uploaded again"
    assert stack.drift() == {}
    stack.up("--expect-no-changes")
