"""Protects: a compute target never runs more nodes than it has, serves in order, and forgets who gave up waiting."""

from __future__ import annotations

import threading

import pytest

from plumbline.emulator.executor.quota import NodeQuota, Withdrawn


def _start(quota: NodeQuota, owner: str, nodes: int = 1) -> tuple[threading.Thread, threading.Event]:
    got = threading.Event()

    def take() -> None:
        quota.acquire(owner, "cluster", nodes)
        got.set()

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return thread, got


def test_nodes_are_given_in_order_and_never_beyond_the_size() -> None:
    quota = NodeQuota(lambda _: 2)
    quota.acquire("a", "cluster", 1)
    _, wide = _start(quota, "wide", 2)
    assert not wide.wait(0.05)
    _, late = _start(quota, "late", 1)
    assert not late.wait(0.05), "a small request does not overtake a big one for ever"
    quota.release("cluster", 1)
    assert wide.wait(2)
    assert not late.wait(0.05)
    quota.release("cluster", 2)
    assert late.wait(2)


def test_who_withdraws_gets_nothing_and_lets_the_next_one_through() -> None:
    quota = NodeQuota(lambda _: 1)
    quota.acquire("a", "cluster", 1)
    failed: list[str] = []

    def take() -> None:
        with pytest.raises(Withdrawn):
            quota.acquire("b", "cluster", 1)
        failed.append("b")

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    while not quota._by_owner.get("b"):
        thread.join(0.001)
    _, third = _start(quota, "c")
    quota.withdraw("b")
    thread.join(2)
    assert failed == ["b"]
    quota.release("cluster", 1)
    assert third.wait(2)


def test_a_grown_target_serves_who_waits() -> None:
    size = {"cluster": 0}
    quota = NodeQuota(lambda name: size[name])
    _, got = _start(quota, "a")
    assert not got.wait(0.05)
    size["cluster"] = 1
    quota.everywhere_changed()
    assert got.wait(2)


def test_a_cancel_that_came_before_the_waiting_is_not_lost() -> None:
    quota = NodeQuota(lambda _: 1)
    quota.acquire("a", "cluster", 1)
    quota.withdraw("late")  # nobody waits under that name yet
    with pytest.raises(Withdrawn):
        quota.acquire("late", "cluster", 1, withdrawn=lambda: True)
    quota.release("cluster", 1)
    quota.acquire("next", "cluster", 1)
