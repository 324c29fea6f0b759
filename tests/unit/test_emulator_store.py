"""Protects the store: ids in any case, order of creation, who-did-it, whole transactions, deletion of what lies below."""

from __future__ import annotations

import threading

import pytest

from plumbline.emulator.principals import Principal
from plumbline.emulator.store import AlreadyThere, Store, parent_of

ALICE = Principal(object_id="o1", client_id="c1", name="alice@plumbline.example", kind="User")
ROBOT = Principal(object_id="o2", client_id="c2", name="deployer", kind="ServicePrincipal")
GROUP = "/subscriptions/s/resourceGroups/RG"
WIDGET = f"{GROUP}/providers/Microsoft.Widgets/widgets"


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "emulator.db")


def put(store: Store, resource_id: str, body: dict | None = None, principal: Principal = ALICE, **options):
    return store.put(
        resource_id, body or {}, type="Microsoft.Widgets/widgets", principal=principal, **options
    )


@pytest.mark.parametrize(
    ("resource_id", "parent"),
    [
        ("/subscriptions/s", ""),
        (GROUP, "/subscriptions/s"),
        (f"{WIDGET}/w", GROUP),
        (f"{WIDGET}/w/parts/p", f"{WIDGET}/w"),
        (f"{WIDGET}/w/providers/Microsoft.Authorization/roleAssignments/g", f"{WIDGET}/w"),
    ],
)
def test_parents(resource_id, parent):
    assert parent_of(resource_id) == parent


def test_ids_are_found_in_any_case_and_answered_in_the_first(store):
    put(store, f"{WIDGET}/One", {"n": 1})
    put(store, f"{WIDGET}/ONE", {"n": 2})
    found = store.get(f"{WIDGET}/one/".upper())
    assert (found.id, found.name, found.body) == (f"{WIDGET}/One", "One", {"n": 2})
    assert len(store.list(GROUP)) == 1


def test_an_update_keeps_place_and_creation_and_says_who_was_last(store):
    first = put(store, f"{WIDGET}/a")
    put(store, f"{WIDGET}/b")
    second = put(store, f"{WIDGET}/a", {"n": 2}, ROBOT)
    assert [item.name for item in store.list(GROUP)] == ["a", "b"]
    assert second.system_data["createdBy"] == "alice@plumbline.example"
    assert second.system_data["createdAt"] == first.system_data["createdAt"]
    assert (second.system_data["lastModifiedBy"], second.system_data["lastModifiedByType"]) == (
        "c2",
        "Application",
    )
    assert second.etag != first.etag


def test_if_absent_refuses_what_is_there(store):
    put(store, f"{WIDGET}/a")
    with pytest.raises(AlreadyThere):
        put(store, f"{WIDGET}/A", if_absent=True)


def test_deleting_takes_what_lies_below_and_no_neighbour(store):
    for name in ("a", "a/parts/p", "a/parts/p/bits/b", "ab", "a-b"):
        put(store, f"{WIDGET}/{name}")
    gone: list[str] = []
    store.on_delete(lambda resource: gone.append(resource.name))
    assert [item.name for item in store.delete(f"{WIDGET}/A")] == ["a", "p", "b"] == gone
    assert [item.name for item in store.list(GROUP)] == ["ab", "a-b"]


def test_pages_go_on_where_they_ended(store):
    for number in range(5):
        put(store, f"{WIDGET}/w{number}")
    first = store.list(GROUP, newest_first=True, limit=2)
    rest = store.list(GROUP, newest_first=True, after=first[-1].sequence)
    assert [item.name for item in first + rest] == ["w4", "w3", "w2", "w1", "w0"]


def test_a_failed_transaction_leaves_nothing_also_when_nested(store):
    store.migrate("test", ["CREATE TABLE note (text TEXT)"])
    with pytest.raises(RuntimeError), store.transaction():  # noqa: PT012  all of it must go
        store.execute("INSERT INTO note VALUES ('outer')")
        with store.transaction():
            put(store, f"{WIDGET}/a")
        raise RuntimeError
    assert store.execute("SELECT * FROM note") == []
    assert store.get(f"{WIDGET}/a") is None


def test_migrations_run_once_and_go_on_where_they_were(tmp_path):
    statements = ["CREATE TABLE note (text TEXT)"]
    for _ in range(2):
        opened = Store(tmp_path / "emulator.db")
        opened.migrate("test", statements)
        opened.close()
        statements = [statements[0], "ALTER TABLE note ADD COLUMN more TEXT"]
    reopened = Store(tmp_path / "emulator.db")
    reopened.execute("INSERT INTO note (text, more) VALUES ('a', 'b')")


def test_many_threads_lose_nothing(store):
    def write(worker: int) -> None:
        for number in range(50):
            put(store, f"{WIDGET}/w{worker}-{number}")

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.list(GROUP)) == 300


def test_what_one_store_wrote_another_reads(tmp_path):
    put(Store(tmp_path / "emulator.db"), f"{WIDGET}/a", {"n": 1})
    assert Store(tmp_path / "emulator.db").get(f"{WIDGET}/a").body == {"n": 1}
