"""Protects what a release takes an asset's answer for: what Azure does not show is worth nothing without a definition."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plumbline.assets import AssetDefinition, canonical_text, content_hash, version_from_hash
from plumbline.assets.component.normal_form import normal_component
from plumbline.azure.live_version import live_version
from plumbline.ops.release.live_asset import LiveAsset, described, steps_beside

SPEC = normal_component(
    {
        "type": "pipeline",
        "inputs": {"table": {"type": "uri_folder"}},
        "jobs": {"score": {"type": "command", "component": "azureml:score:h10123456789abcdef"}},
    }
)
HASH = content_hash("component", SPEC)
VERSION = version_from_hash(HASH)
SHOWN: dict[str, Any] = {
    "type": "pipeline",
    "is_deterministic": "False",
    "inputs": {"table": {"type": "uri_folder", "optional": "False"}},
}


def definition(version: str = VERSION) -> AssetDefinition:
    return AssetDefinition(
        kind="component",
        name="both",
        version=version,
        spec=canonical_text(SPEC),
        content_hash=HASH,
        source="component.yml",
    )


def seen(
    spec: dict[str, Any], known: AssetDefinition | None, *, mark: str | None = None, version: str = VERSION
) -> LiveAsset:
    properties = {"plumbline.content_hash": mark} if mark else {}
    body = {"properties": {"componentSpec": spec, "properties": properties}}
    return described("component", "both", version, body, live_version("component", body), known)


def test_a_pipeline_component_is_worth_what_the_checkout_says_of_it() -> None:
    found = seen(SHOWN, definition(), mark=HASH)
    assert (found.problem, found.genuine, found.content_hash) == (None, True, HASH)
    assert list(found.inner.values()) == ["azureml:score:h10123456789abcdef"]


@pytest.mark.parametrize("mark", [None, HASH])
def test_without_a_definition_a_mark_alone_is_no_evidence(mark: str | None) -> None:
    assert seen(SHOWN, None, mark=mark).problem
    assert seen(SHOWN, None, mark=mark, version="3").problem


def test_another_mark_or_another_interface_is_other_content() -> None:
    assert seen(SHOWN, definition(), mark="0" * 64).problem
    other = {**SHOWN, "inputs": {"table": {"type": "uri_file"}}}
    assert seen(other, definition(), mark=HASH).problem


def test_an_answer_that_shows_its_steps_is_hashed_itself() -> None:
    whole = {**SHOWN, "is_deterministic": True, "jobs": json.loads(canonical_text(SPEC))["jobs"]}
    found = seen(whole, None)
    assert (found.problem, found.genuine, found.content_hash) == (None, True, HASH)


def test_the_steps_of_a_nested_pipeline_are_those_of_its_definition() -> None:
    job = {"jobs": {"both": {"component": f"azureml:both:{VERSION}"}}}
    known = {("component", "both", VERSION): definition()}
    assert list(steps_beside("both", job, known)) == ["both"]
    assert list(steps_beside("both/score", job, known)) == ["score"]
    assert steps_beside("both/score", job, {}) == {}
    assert steps_beside("both/score/deeper", job, known) == {}
