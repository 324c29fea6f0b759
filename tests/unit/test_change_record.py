"""Protects the second witness: it speaks where the log is silent, never for the stack's own write, and says where both differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plumbline.azure.activity_log import Operation
from plumbline.azure.change_record import ChangeRecord, question, records, table_of
from plumbline.ops.actor import actor_of_record
from plumbline.ops.drift.second_witness import joined
from plumbline.ops.last_change import LastChange, of_log

GROUP = "/subscriptions/S/resourceGroups/G"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/a"
DEPLOYED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return DEPLOYED + timedelta(minutes=minutes)


def record(who: str, minutes: float, correlation: str = "", **more: Any) -> ChangeRecord:
    said = {
        "changedBy": who, "changedByType": "User", "clientType": "Azure Portal", "operation": "x/write",
        "correlationId": correlation or f"{who}-{minutes}", "timestamp": at(minutes).isoformat(),
    } | more  # fmt: skip
    (found,) = records([{"targetResourceId": ACCOUNT, "changeType": "Update", "changeAttributes": said}])
    return found


def operation(who: str, minutes: float, correlation: str = "", **more: Any) -> Operation:
    known: dict[str, Any] = {"is_person": True, "object_id": f"id-{who}", "client_id": "c"} | more
    return Operation(
        resource_id=ACCOUNT, is_delete=False, caller=who, ended_at=at(minutes),
        correlation_id=correlation or f"{who}-{minutes}", **known,
    )  # fmt: skip


OURS = operation("deployer", -0.1, "own", is_person=False, client_id="app")


def told(log: list[Operation], *said: ChangeRecord) -> LastChange:
    return joined(of_log(log, own_write=DEPLOYED, after=DEPLOYED), said, own_write=DEPLOYED)


def test_where_the_log_is_silent_the_record_names_who() -> None:
    found = told([OURS], record("bob@x", 9), record("app", 0.5, "own"))
    assert (found.who, found.source, found.by) == ("bob@x", "change record", "a person with the Azure portal")
    assert found.when == "2026-03-01T12:09:00Z"
    assert found.note == "the activity log does not have it"
    assert found.unknown_because is None


@pytest.mark.parametrize(
    "own",
    [
        # Detected minutes behind the write that made it: of the stack by the log's word,
        record("somebody else", 4, "own"),
        # by its author, whichever of its ids,
        record("APP", 4), record("id-deployer", 4),
        # or because it is older.
        record("bob@x", -3),
    ],
)  # fmt: skip
def test_the_stacks_own_write_is_never_the_change(own: ChangeRecord) -> None:
    assert told([OURS], own).who is None


def test_soon_after_the_stacks_write_only_another_name_counts() -> None:
    assert told([OURS], record("bob@x", 2)).who == "bob@x"
    assert told([], record("bob@x", 2)).who is None, "it may be the deployer's: nobody knows its name"
    assert told([], record("bob@x", 6)).who == "bob@x"


def test_both_saying_the_same_is_one_word() -> None:
    bob = operation("bob@x", 7, "c7")
    assert told([bob, OURS], record("Bob@X", 8, "C7")).note is None
    assert told([bob, OURS], record("bob@x", 9)).note is None
    robot = operation("id-robot", 7, "c7", is_person=False, object_id="id-robot", client_id="app-robot")
    assert told([robot, OURS], record("app-robot", 8, "c7", changedByType="Application")).note is None


@pytest.mark.parametrize("correlation", ["c7", "another"])
def test_where_they_differ_the_log_stands_and_both_are_said(correlation: str) -> None:
    found = told([operation("alice@x", 7, "c7"), OURS], record("bob@x", 8, correlation))
    assert (found.who, found.source) == ("alice@x", "activity log")
    assert found.note == (
        "the records disagree: activity log: alice@x, 2026-03-01T12:07:00Z; change record: bob@x, 2026-03-01T12:08:00Z"
    )


def test_an_older_record_and_azures_own_changes_contradict_nobody() -> None:
    log = [operation("alice@x", 9, "c9"), operation("bob@x", 7, "c7"), OURS]
    assert told(log, record("bob@x", 7.5, "c7")).note is None, (
        "the log has both; the newer one's record is not there yet"
    )
    assert told(log, record("bob@x", 8)).note is None
    assert told(log, record("System", 10, changedByType="System")).note is None


def test_a_display_name_is_not_compared_with_a_sign_in_name() -> None:
    said = record("bob@x", 8)
    for who, noted in (("Alice Author", False), ("alice@x", True), ("BOB@x", False)):
        stamped = LastChange(who=who, when="2026-03-01T12:07:00Z", source="systemData")
        assert bool(joined(stamped, [said], own_write=DEPLOYED).note) is noted, who


def test_who_is_shown_as_people_call_it() -> None:
    assert actor_of_record(record("x", 1, clientType="Unknown")) == "a person"
    assert actor_of_record(record("x", 1, changedByType="Application")) == "an application"
    assert actor_of_record(record("System", 1, changedByType="System")) == "Azure itself, without a request"


def test_only_covered_types_are_asked_about() -> None:
    assert table_of(ACCOUNT) == table_of(ACCOUNT.upper()) == "resourcechanges"
    assert table_of(GROUP) == "resourcecontainerchanges"
    workspace = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/w"
    assert table_of(workspace) == table_of(f"{workspace}/batchEndpoints/e/deployments/d") == "resourcechanges"
    for path in (
        f"{workspace}/computes/c",
        f"{workspace}/components/train",
        f"{ACCOUNT}/blobServices/default/containers/x",
        f"{ACCOUNT}/providers/Microsoft.Authorization/roleAssignments/r",
        "/subscriptions/S",
        "",
    ):
        assert table_of(path) is None, path


def test_an_id_cannot_end_its_text_in_the_query() -> None:
    assert r"in~ ('/a/b\') or (\'1\'=\'1')" in question("resourcechanges", ["/a/b') or ('1'='1"])


def test_rows_without_author_or_time_say_nothing() -> None:
    assert (
        records(
            [{"changeAttributes": {"timestamp": at(1).isoformat()}}, {"changeAttributes": {"changedBy": "x"}}]
        )
        == []
    )
