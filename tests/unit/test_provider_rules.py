"""Protects the provider's pure rules: what Check refuses, what Diff calls a change, over every kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plumbline.assets import canonical_text, content_hash, version_from_hash
from plumbline.kinds import KINDS, kind_of_token
from plumbline.provider.check import check
from plumbline.provider.codec import UNKNOWN, Properties
from plumbline.provider.diff import changes_by_key, content_changed, diff
from plumbline.provider.table import property_rows

SPEC = canonical_text({"image": "python:3.11", "conda_file": {"name": "tools"}})
HASH_64 = "0" * 64


def inputs(kind: str, **changed: Any) -> Properties:
    values = {
        "resourceGroupName": "rg",
        "workspaceName": "ws",
        "name": "tools",
        "spec": SPEC,
        "source": "e.yml",
    }
    values |= {"tags": {"team": "claims"}, "description": "Tools"}
    values |= {
        "endpointName": "scoring",
        "component": "score:1",
        "settings": {"default_compute": "azureml:cpu"},
    }
    values = {name: value for name, value in values.items() if name in property_rows(kind)}
    if KINDS[kind].is_versioned:
        digest = content_hash(kind, SPEC)
        values |= {"contentHash": digest, "version": version_from_hash(digest)}
    values |= changed
    return Properties(entries={name: value for name, value in values.items() if value is not None})


def checked(kind: str, **changed: Any) -> Properties:
    found, problems = check(kind, inputs(kind, **changed))
    assert problems == ()
    return found


def reasons(kind: str, **changed: Any) -> dict[str, str]:
    _, problems = check(kind, inputs(kind, **changed))
    return {problem.property: problem.reason for problem in problems}


@pytest.mark.parametrize("kind", KINDS)
def test_sound_inputs_pass_and_a_second_check_changes_nothing(kind: str) -> None:
    first = checked(kind)
    second, problems = check(kind, first)
    assert problems == ()
    assert second.entries == first.entries
    assert diff(kind, first, second) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_inputs_pass_check(kind: str) -> None:
    needed = {name for name, row in property_rows(kind).items() if row.required and name != "name"}
    unknown = dict.fromkeys(needed | {"resourceGroupName", "workspaceName"}, UNKNOWN)
    found, problems = check(kind, inputs(kind, **unknown, contentHash=None, version=None))
    assert problems == ()
    assert found["workspaceName"] is UNKNOWN


@pytest.mark.parametrize("kind", KINDS)
def test_every_wrong_input_is_named_at_once(kind: str) -> None:
    found = reasons(
        kind, name="-bad name", spec="{", tags={"a": 1}, workspaceName="", nonsense="x", source="/etc/e"
    )
    wrong = {"name", "spec", "tags", "workspaceName", "nonsense", "source"}
    assert set(found) == wrong
    for reason in found.values():
        assert "expected" in reason


def test_a_missing_required_input_is_named() -> None:
    assert reasons("component", spec=None, contentHash=None, version=None) == {
        "spec": "got nothing, expected text."
    }


def test_hash_and_version_follow_from_the_spec_when_they_are_left_out() -> None:
    found = checked("component", contentHash=None, version=None)
    assert found["contentHash"] == content_hash("component", SPEC)
    assert found["version"] == version_from_hash(found["contentHash"])


def test_a_hash_that_is_not_that_of_the_spec_is_refused_with_both() -> None:
    found = reasons("component", contentHash=HASH_64, version="1")
    assert HASH_64 in found["contentHash"]
    assert content_hash("component", SPEC) in found["contentHash"]


def test_a_content_version_of_other_content_is_refused_and_a_declared_one_is_honoured() -> None:
    assert "version" in reasons("data", version="h1" + "0" * 16)
    assert checked("data", version="2026-11")["version"] == "2026-11"


def test_a_model_without_a_version_is_left_to_the_service() -> None:
    assert "version" not in checked("model", version=None)


def test_reference_hashes_are_part_of_the_content_hash() -> None:
    plain = checked("component", contentHash=None, version=None)
    pinned = checked(
        "component", contentHash=None, version=None, referenceHashes={"azureml:tools:3": HASH_64}
    )
    assert plain["version"] != pinned["version"]


def test_a_secret_is_not_quoted_in_a_refusal() -> None:
    secret = Properties(
        entries={**inputs("environment").entries, "name": "-hidden"}, secrets=frozenset({"name"})
    )
    _, problems = check("environment", secret)
    assert "hidden" not in str(problems)
    assert "[secret]" in str(problems)


def test_a_secret_spec_makes_the_computed_hash_secret() -> None:
    secret = Properties(entries=inputs("environment").entries, secrets=frozenset({"spec"}))
    found, _ = check("environment", secret)
    assert "contentHash" in found.secrets


@pytest.mark.parametrize("kind", KINDS)
def test_every_property_changes_as_its_row_says(kind: str) -> None:
    olds = checked(kind)
    for name, row in property_rows(kind).items():
        if not row.is_input:
            continue
        new: Any = {
            "string": "other",
            "boolean": True,
            "strings": ["other"],
            "string_map": {"other": "1"},
            "object": {"retries": 3, "limits": {"seconds": 1.5}},
        }[row.type]
        if name == "enabled":
            new = False
        if name == "spec":
            new = '{"create_job":{"compute":"azureml:other"}}'
        # Another spec is other content: under one hash it would be the same, shown in less detail.
        hashed = {"contentHash": "f" * 64} if name == "spec" and kind != "schedule" else {}
        changes = diff(kind, olds, {**olds, name: new, **hashed})
        if row.change == "never":
            assert changes == (), name
        else:
            assert {change.action for change in changes} == {
                "replace" if row.change == "replace" else "update"
            }, name
            assert all(change.reason for change in changes)


def test_new_content_names_version_and_spec_and_not_the_hashes_that_repeat_them() -> None:
    other = canonical_text({"image": "python:3.12"})
    olds, news = checked("environment"), checked("environment", spec=other, contentHash=None, version=None)
    assert [change.path for change in diff("environment", olds, news)] == ["version", "spec"]
    assert content_changed(olds, news)


def test_a_new_hash_scheme_shows_without_a_new_spec() -> None:
    olds = checked("environment")
    news = {**olds, "contentHash": HASH_64, "version": "h2" + "0" * 16}
    assert [change.path for change in diff("environment", olds, news)] == ["version"]
    assert content_changed(olds, news)


def test_tags_differ_by_key() -> None:
    olds = checked("environment", tags={"team": "claims", "a.b": "1", "gone": "x"})
    news = checked("environment", tags={"team": "pricing", "a.b": "2", "new": "y"})
    found = {change.path: change.form for change in diff("environment", olds, news)}
    assert found == {"tags.team": "update", 'tags["a.b"]': "update", "tags.gone": "delete", "tags.new": "add"}


def test_nested_values_and_numbers_differ_by_key() -> None:
    row = property_rows("pipeline_deployment")["settings"]
    olds = {"retries": 1, "limits": {"seconds": 1.5, "gone": True, "same": [1]}}
    news = {"retries": 2, "limits": {"seconds": 2, "new": [1], "same": [1]}}
    found = {one.path: one.form for one in changes_by_key(row, "settings", olds, news, "update")}
    assert found == {
        "settings.retries": "update",
        "settings.limits.seconds": "update",
        "settings.limits.gone": "delete",
        "settings.limits.new": "add",
    }
    assert "settings" in reasons("pipeline_deployment", settings="fast")


def test_a_setting_and_a_component_are_compared_as_the_wire_says_them() -> None:
    olds = checked("pipeline_deployment", component="azureml:score:1", settings={"strict": "false"})
    news = checked("pipeline_deployment", component="score:1", settings={"strict": False})
    assert diff("pipeline_deployment", olds, news) == ()
    other = checked("pipeline_deployment", component="score:2", settings={"strict": True})
    assert {one.path for one in diff("pipeline_deployment", olds, other)} == {"component", "settings.strict"}


def test_an_absent_default_is_no_change() -> None:
    olds = checked("schedule")
    without = {name: value for name, value in olds.items() if name not in {"enabled", "tags"}}
    assert diff("schedule", {**without, "tags": {}}, without) == ()
    assert diff("schedule", without, {**without, "enabled": True}) == ()


def test_an_unknown_workspace_may_replace() -> None:
    olds = checked("component")
    (change,) = diff("component", olds, {**olds, "workspaceName": UNKNOWN})
    assert (change.path, change.action) == ("workspaceName", "replace")


def test_an_asset_lies_in_a_workspace_or_in_a_registry() -> None:
    nowhere = reasons("component", resourceGroupName=None, workspaceName=None)
    assert set(nowhere) == {"resourceGroupName", "workspaceName"}
    twice = reasons("component", registryName="shared")
    assert set(twice) == {"resourceGroupName", "workspaceName"}
    checked("component", resourceGroupName=None, workspaceName=None, registryName="shared")
    assert "registryName" in reasons("schedule", registryName="shared"), "a registry runs no jobs"


def test_every_row_gives_its_reason() -> None:
    for kind, kind_row in KINDS.items():
        assert kind_of_token(kind_row.token) is kind_row
        for row in property_rows(kind).values():
            assert row.reason, row.name
            assert row.description, row.name
    assert kind_of_token("plumbline:azureml:Nothing") is None


def test_spec_in_another_json_form_is_refused() -> None:
    loose = json.dumps(json.loads(SPEC), indent=1)
    assert "canonical" in reasons("environment", spec=loose)["spec"]


def test_two_specs_of_one_content_hash_are_no_difference() -> None:
    olds = checked("component")
    assert diff("component", olds, {**olds, "spec": "{}"}) == ()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "lost" in property_rows(kind)])
def test_what_azure_has_not_kept_is_a_change_until_it_is_there(kind: str) -> None:
    olds = checked(kind)
    found = diff(kind, olds, olds, unsettled=["spec.inputs.table.path", "tags.team"])
    assert {(change.path, change.action) for change in found} == {("spec", "update"), ("tags", "update")}


def test_a_schedule_in_the_form_that_azure_gives_it_is_no_difference() -> None:
    job = {"inputs": {"table": {"path": "azureml:table:1", "type": "uri_folder"}}}
    shown = {
        "inputs": {"table": {**job["inputs"]["table"], "mode": "ro_mount"}},
        "experiment_name": "Default",
    }
    olds, news = ({"name": "weekly", "spec": canonical_text({"create_job": one})} for one in (shown, job))
    assert diff("schedule", olds, news) == ()
    other = {"inputs": {"table": {**job["inputs"]["table"], "mode": "download"}}}
    downloads = {"name": "weekly", "spec": canonical_text({"create_job": other})}
    assert [change.path for change in diff("schedule", downloads, news)] == ["spec"]
