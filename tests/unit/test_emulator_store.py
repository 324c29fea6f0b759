"""Protects the store: ids in any case, order of creation, who-did-it, whole transactions, deletion of what lies below."""

from __future__ import annotations

import subprocess
import sys
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


def test_the_newest_child_of_each_is_known_and_no_neighbours(store):
    for path in ("w/parts/a", "w/parts/b", "W2/parts/a", "w/parts/a/screws/s", "none"):
        put(store, f"{WIDGET}/{path}")
    put(store, f"{GROUP}2/providers/Microsoft.Widgets/widgets/w/parts/a")
    store.put(f"{WIDGET}/w/parts/c", {}, type="Microsoft.Widgets/other", principal=ALICE)
    assert store.newest_children(WIDGET, "microsoft.widgets/WIDGETS") == {
        f"{WIDGET}/w".lower(): store.get(f"{WIDGET}/w/parts/b").sequence,
        f"{WIDGET}/w2".lower(): store.get(f"{WIDGET}/w2/parts/a").sequence,
        f"{WIDGET}/w/parts/a".lower(): store.get(f"{WIDGET}/w/parts/a/screws/s").sequence,
    }


def test_a_list_is_made_again_only_after_a_resource_changed(store):
    made = []

    def listed():
        made.append(len(made))
        return store.list(GROUP, "Microsoft.Widgets/widgets")

    def names():
        return [entry.name for entry in store.unchanged((GROUP, "widgets"), listed)]

    put(store, f"{WIDGET}/a")
    assert (names(), names(), len(made)) == (["a"], ["a"], 1)
    put(store, f"{WIDGET}/b")
    assert (names(), names(), len(made)) == (["a", "b"], ["a", "b"], 2)
    store.delete(f"{WIDGET}/a")
    assert (names(), names(), len(made)) == (["b"], ["b"], 3)
    for number in range(40):
        store.unchanged((str(number),), list)
    assert (names(), len(made)) == (["b"], 4), "only the last lists are kept"


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


def test_a_commit_that_fails_keeps_nothing_and_lets_the_next_one_through(store):
    def refuse():
        raise OSError(28, "No space left on device")

    store.before_commit = refuse
    with pytest.raises(OSError, match="No space"):
        put(store, f"{WIDGET}/lost")
    store.before_commit = None
    put(store, f"{WIDGET}/kept")
    assert [item.name for item in store.list(GROUP)] == ["kept"]


FULL_DISK = """
import resource, signal, sqlite3, sys
from pathlib import Path
from plumbline.emulator.store import Store

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit fails instead, as on a full disk
path = Path(sys.argv[1])
store = Store(path)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name(path.name + "-wal").stat().st_size + 65536, hard))
kept = 0
try:
    while True:
        store.put(f"/subscriptions/s/resourceGroups/{kept}", {"fill": "x" * 5000}, type="t", principal=None)
        kept += 1
except sqlite3.OperationalError:
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
store.put("/subscriptions/s/resourceGroups/after", {}, type="t", principal=None)
print(kept, len(store.list("/subscriptions/s")))
"""


def test_a_full_disk_keeps_what_was_acknowledged_and_goes_on_when_there_is_space(tmp_path):
    answer = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "emulator.db")],
        capture_output=True,
        text=True,
        check=True,
    )
    kept, listed = answer.stdout.split()
    assert int(kept) > 0
    assert int(listed) == int(kept) + 1
