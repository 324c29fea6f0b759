"""Protects who and when: only writes and deletes count, and nobody is named before the log can know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plumbline.azure.activity_log import Operation, operations
from plumbline.ops.drift.stack_state import read_state
from plumbline.ops.last_change import _holders, _of_system_data, of_log

ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a"
DEPLOYED = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)


def event(
    who: str, minutes: float, status: str = "Succeeded", action: str = "write", **more: Any
) -> dict[str, Any]:
    when = DEPLOYED + timedelta(minutes=minutes)
    return {
        "caller": who,
        "category": {"value": "Administrative"},
        "claims": {"http://schemas.microsoft.com/identity/claims/objectidentifier": f"ID-{who}"},
        "correlationId": f"{who}{action}{int(minutes)}",
        "eventTimestamp": f"{when:%Y-%m-%dT%H:%M:%S.%f}".rstrip("0").rstrip(".") + "Z",
        "operationName": {"value": f"Microsoft.Storage/storageAccounts/{action}", "localizedValue": "x"},
        "resourceId": ACCOUNT.upper(),
        "status": {"value": status},
        **more,
    }


def pair(who: str, minutes: float, **more: Any) -> list[dict[str, Any]]:
    return [event(who, minutes + 0.1, **more), event(who, minutes, status="Started", **more)]


OURS, BOB = pair("deployer", -0.2), pair("bob", 2)
POLICY = {
    "category": {"value": "Policy"},
    "operationName": {"value": "Microsoft.Authorization/policies/audit/write"},
}


@pytest.mark.parametrize(
    ("events", "who", "said"),
    [
        ([*BOB, *OURS], "bob", None),
        ([*pair("alice", 3, action="listKeys/action"), *BOB, *OURS], "bob", None),
        ([*pair("policy", 3, **POLICY), *BOB, *OURS], "bob", None),
        ([event("carol", 3.1, status="Failed"), event("carol", 3, status="Started"), *BOB, *OURS], "bob", None),
        ([event("bob", 2, status="Started"), *OURS], "bob", "not finished: the log has no end of it"),
        ([event("bob", 2, status="Accepted"), event("bob", 2, status="Started"), *OURS], "bob", None),
        (OURS, None, "not in the log yet: its newest write there is of "),
        ([], None, "not in the log yet: it has no write there"),
        # What arrived late is still older: the order of arrival says nothing.
        ([*OURS, *pair("carol", 5), *BOB], "carol", None),
        # Another resource that the filter lets through.
        ([*pair("carol", 5, resourceId=f"{ACCOUNT}/blobServices/default"), *BOB, *OURS], "bob", None),
    ],
)  # fmt: skip
def test_the_newest_write_after_the_stacks_own_is_the_change(
    events: list[dict[str, Any]], who: str | None, said: str | None
) -> None:
    found = of_log(operations(events, resource_id=ACCOUNT), own_write=DEPLOYED, after=DEPLOYED)
    assert found.who == who
    assert (found.unknown_because or found.note or "").startswith(said or "")
    assert bool(found.unknown_because or found.note) == bool(said)


def test_times_are_compared_and_not_their_texts() -> None:
    whole, later = event("bob", 2), event("carol", 2)
    later["eventTimestamp"] = whole["eventTimestamp"].removesuffix("Z") + ".5Z"
    newest = operations([whole, later], resource_id=ACCOUNT)[0]
    assert newest.caller == "carol"
    assert newest.object_id == "id-carol"


def test_a_log_that_does_not_go_back_far_enough_says_so() -> None:
    long_ago = DEPLOYED - timedelta(days=100)
    found = of_log([], own_write=long_ago, after=long_ago)
    assert found.unknown_because == "the activity log holds no write to it in the last 89 days"


def test_system_data_that_has_not_moved_since_the_stacks_own_write_names_nobody() -> None:
    stamped = {"lastModifiedBy": "Bob Reviewer", "lastModifiedAt": "2026-03-27T04:05:20.2300112+00:00"}
    before = datetime(2026, 3, 27, 4, 5, 20, tzinfo=UTC)
    found = _of_system_data(stamped, before)
    assert found is not None
    assert (found.who, found.when, found.source) == ("Bob Reviewer", "2026-03-27T04:05:20Z", "systemData")
    assert _of_system_data(stamped, before + timedelta(seconds=1)) is None
    assert _of_system_data({}, None) is None


def test_a_data_version_that_nobody_changed_yet_has_its_maker() -> None:
    found = _of_system_data({"createdBy": "Ann", "createdAt": "2026-03-27T04:05:20Z"}, None)
    assert found is not None
    assert found.who == "Ann"


def test_what_holds_a_resource_is_asked_when_it_was_deleted() -> None:
    workspace = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
    assert _holders(f"{workspace}/computes/c") == [workspace, "/subscriptions/s/resourceGroups/g"]
    assert _holders("/subscriptions/s/resourceGroups/g") == []


def test_an_operation_lasts_as_long_as_the_log_knows() -> None:
    one = Operation(resource_id=ACCOUNT, is_delete=False, caller="bob", began_at=DEPLOYED)
    assert not one.is_finished
    assert one.at == DEPLOYED


def test_the_state_says_when_the_stack_wrote_a_resource() -> None:
    rows = [
        {"urn": "a", "created": "2026-11-27T09:00:00Z", "modified": "2026-11-27T09:12:20.123456789Z"},
        {"urn": "b", "created": "2026-11-27T09:00:00Z"},
        {"urn": "c"},
    ]
    rows = [{**row, "custom": True, "id": row["urn"], "type": "x:y:Z"} for row in rows]
    found = read_state({"deployment": {"resources": rows}})
    assert found.own_write("a") == datetime(2026, 11, 27, 9, 12, 20, 123456, tzinfo=UTC)
    assert found.own_write("b") == found.born == datetime(2026, 11, 27, 9, tzinfo=UTC)
    assert found.own_write("c") is None
