"""Protects `plumbline releases diff`: what differs between two releases is named by field, and nothing else is."""

from __future__ import annotations

from plumbline.assets.lock import Release, sealed_release
from plumbline.ops.releases.diff import differences
from tests.unit.test_lock import release_fields


def _release(image: str = "mcr.microsoft.com/a:1") -> Release:
    return sealed_release(release_fields(image=image))


def test_equal_releases_differ_in_nothing() -> None:
    assert differences(_release(), _release()) == []


def test_a_changed_image_is_named_with_every_version_that_it_moves() -> None:
    rows = {
        (row["what"], row["field"]): (row["old"], row["new"])
        for row in differences(_release(), _release("b:2"))
    }
    assert rows["environment claims_env", "image"] == ("mcr.microsoft.com/a:1", "b:2")
    assert ("environment claims_env", "version") in rows
    assert ("component claims_train", "version") in rows
    assert any(what == "schedule" and field.endswith("train.component") for what, field in rows)


def test_another_owner_is_named() -> None:
    fields = release_fields()
    fields["duty"] = {**fields["duty"], "owner": "another team"}
    assert differences(_release(), sealed_release(fields)) == [
        {"what": "duty", "field": "owner", "old": "team", "new": "another team"}
    ]


def test_a_schedule_that_came_is_one_row() -> None:
    fields = release_fields()
    (weekly,) = fields["schedules"]
    fields["schedules"] = [weekly, {**weekly, "name": "claims_monthly", "file": "monthly.yml"}]
    assert differences(_release(), sealed_release(fields)) == [
        {"what": "schedule claims_monthly", "field": "(the schedule)", "old": None, "new": "there"}
    ]
