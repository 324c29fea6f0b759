"""Protects the comparison of what was sent with what came back, and what a later read makes of it."""

from __future__ import annotations

import json
from typing import Any

from plumbline.assets import canonical_text, content_hash, version_from_hash
from plumbline.azure.live_version import LiveVersion
from plumbline.provider.codec import Properties
from plumbline.provider.kinds.asset_values import seen_inputs
from plumbline.provider.kinds.sent_and_got import compare, still_lost

SPEC = canonical_text({"image": "python:3.11"})
VERSION = version_from_hash(content_hash("environment", SPEC))


def sent(**changed: Any) -> Properties:
    values = {
        "name": "tools",
        "version": VERSION,
        "spec": SPEC,
        "tags": {"team": "a"},
        "description": "Tools",
    }
    return Properties(entries={**values, "archived": False, **changed})


def live(*, spec: str = SPEC, **changed: tuple[Any, ...]) -> LiveVersion:
    values = {"description": ("Tools",), "tags": ({"team": "a"},), "archived": (False,), **changed}
    return LiveVersion(spec=json.loads(spec), code_hash=None, values=values)


def test_a_faithful_echo_says_nothing() -> None:
    verdict = compare("environment", sent(), live())
    assert (verdict.errors, verdict.warnings, verdict.acknowledged) == ((), (), None)


def test_a_faithful_field_that_comes_back_changed_is_an_error_by_field() -> None:
    verdict = compare(
        "environment", sent(), live(spec=canonical_text({"image": "python:3.10"}), description=("X",))
    )
    assert 'spec.image: got "python:3.10" back, expected "python:3.11"' in verdict.errors[0]
    assert 'description: got "X" back, expected "Tools"' in verdict.errors[1]
    assert verdict.warnings == ()
    assert json.loads(verdict.lost or "") == {"spec.image": "python:3.11", "description": "Tools"}
    assert verdict.acknowledged is None, "what was lost is never taken as acknowledged"


def test_a_tag_that_did_not_arrive_is_lost() -> None:
    verdict = compare("environment", sent(), live(tags=({},)))
    assert 'tags.team: got nothing back, expected "a" as sent' in verdict.errors[0]
    assert still_lost(verdict.lost, live(tags=({},))) == verdict.lost
    assert still_lost(verdict.lost, live()) is None


def test_what_azure_fills_in_unasked_is_a_warning_and_no_drift_later() -> None:
    got = live(spec=canonical_text({"image": "python:3.11", "inference_config": {"port": 80}}))
    verdict = compare("environment", sent(), got)
    assert (verdict.errors, verdict.lost) == ((), None)
    assert "spec.inference_config: got" in verdict.warnings[0]
    seen = seen_inputs(
        "environment", sent(), got, version=VERSION, acknowledged=verdict.acknowledged, archived=False
    )
    assert seen == sent().entries
    other = live(spec=canonical_text({"image": "python:3.11", "inference_config": {"port": 81}}))
    seen = seen_inputs(
        "environment", sent(), other, version=VERSION, acknowledged=verdict.acknowledged, archived=False
    )
    assert seen["spec"] != SPEC


def test_false_is_a_value_that_was_sent() -> None:
    schedule = Properties(entries={"name": "weekly", "spec": SPEC, "enabled": False})
    got = LiveVersion(spec=json.loads(SPEC), code_hash=None, values={"enabled": (False,)})
    assert compare("schedule", schedule, got).errors == ()
    fires = LiveVersion(spec=json.loads(SPEC), code_hash=None, values={"enabled": (True,)})
    assert "enabled: got true back, expected false" in compare("schedule", schedule, fires).errors[0]


def test_tags_that_azure_adds_are_a_warning_and_no_drift_later() -> None:
    got = live(tags=({"team": "a", "policy": "p"},))
    verdict = compare("environment", sent(), got)
    assert verdict.errors == ()
    assert "taken as acknowledged" in verdict.warnings[0]
    assert json.loads(verdict.acknowledged or "") == {"tags": {"team": "a", "policy": "p"}}

    def seen(now: LiveVersion) -> dict[str, Any]:
        return seen_inputs(
            "environment", sent(), now, version=VERSION, acknowledged=verdict.acknowledged, archived=False
        )

    assert seen(got) == sent().entries
    assert seen(live(tags=({"team": "b"},)))["tags"] == {"team": "b"}


def test_a_secret_that_comes_back_changed_is_not_shown() -> None:
    hidden = Properties(entries=sent().entries, secrets=frozenset({"description"}))
    verdict = compare("environment", hidden, live(description=("other",)))
    assert "[secret]" in verdict.errors[0]
    assert "Tools" not in verdict.errors[0]


def test_an_edit_in_either_of_two_places_is_seen() -> None:
    now = live(description=("Tools", "edited in the spec only"))
    seen = seen_inputs("environment", sent(), now, version=VERSION, acknowledged=None, archived=False)
    assert seen["description"] == "edited in the spec only"
