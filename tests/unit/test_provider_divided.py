"""Protects what a refresh shows of a value that Azure keeps in two places: the edit, and the same again next time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plumbline.azure.live_version import LiveVersion
from plumbline.provider.codec import Properties
from plumbline.provider.diff import diff
from plumbline.provider.kinds.asset_values import seen_inputs

OURS, THEIRS = {"team": "claims"}, {"team": "other"}
NAME = {"name": "score", "version": "1"}


def _live(outer: dict[str, str], inner: dict[str, str]) -> LiveVersion:
    values = {"displayName": (None,), "description": (None,), "tags": (outer, inner), "archived": (False,)}
    return LiveVersion(spec={"type": "command"}, code_hash=None, values=values)


def _refreshed(tags: dict[str, str], live: LiveVersion, divided: str | None) -> Any:
    inputs = Properties(entries={**NAME, "spec": '{"type":"command"}', "tags": tags})
    seen = seen_inputs(
        "component", inputs, live, version="1", acknowledged=None, archived=False, divided=divided
    )
    return seen["tags"]


@pytest.mark.parametrize(("outer", "inner"), [(THEIRS, OURS), (OURS, THEIRS)])
def test_an_edit_of_one_place_is_seen_once_and_stays(outer: dict[str, str], inner: dict[str, str]) -> None:
    live = _live(outer, inner)
    assert _refreshed(OURS, live, None) == THEIRS
    divided = json.dumps(live.divided)
    assert _refreshed(THEIRS, live, divided) == THEIRS
    # What changes after that is seen again.
    assert _refreshed(THEIRS, _live(OURS, OURS), divided) == OURS
    assert _refreshed(THEIRS, _live({"team": "third"}, OURS), divided) == {"team": "third"}


def test_places_that_disagree_are_a_change_though_the_program_says_what_one_of_them_does() -> None:
    inputs = {**NAME, "spec": "{}", "tags": THEIRS}
    assert diff("component", inputs, inputs) == ()
    assert [change.path for change in diff("component", inputs, inputs, unsettled=["tags"])] == ["tags"]
