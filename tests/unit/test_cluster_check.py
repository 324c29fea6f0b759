"""Protects what is asked of Azure about clusters before one is deleted: sizes, quota, what a replacement loses."""

from __future__ import annotations

from typing import Any

from plumbline.provider.functions.cluster_check import judge

SIZES = [
    {
        "name": "Standard_DS3_v2",
        "family": "standardDSv2Family",
        "vCPUs": 4,
        "supportedComputeTypes": ["AmlCompute"],
    },
    {"name": "Standard_DS4_v2", "family": "standardDSv2Family", "vCPUs": 8, "lowPriorityCapable": False},
    {
        "name": "Standard_B1s",
        "family": "standardBSFamily",
        "vCPUs": 1,
        "supportedComputeTypes": ["ComputeInstance"],
    },
]


def _usages(limit: float) -> list[dict[str, Any]]:
    return [{"name": {"value": "standarddsv2family"}, "limit": limit, "currentValue": 0}]


def _judge(
    size: str,
    *,
    nodes: int = 1,
    low_priority: bool = False,
    limit: float = 24,
    live: dict[str, Any] | None = None,
) -> tuple[list[str], list[str]]:
    cluster = {"name": "cpu-cluster", "vmSize": size, "maximumNodes": nodes, "lowPriority": low_priority}
    body = None if live is None else {"properties": {"properties": live}}
    problems, warnings = judge(cluster, SIZES, _usages(limit), body, location="westeurope")
    return (
        [f"{one['field']}: {one['message']}" for one in problems],
        [f"{one['field']}: {one['message']}" for one in warnings],
    )


def test_a_size_that_the_region_offers_passes_whatever_its_case() -> None:
    assert _judge("STANDARD_ds3_V2", nodes=6) == ([], [])


def test_a_misspelt_size_is_refused_with_the_nearest_one() -> None:
    problems, warnings = _judge(
        "Standard_DS3_v3", live={"vmSize": "Standard_DS3_v2", "vmPriority": "Dedicated"}
    )
    assert problems == [
        (
            "vmSize: got 'Standard_DS3_v3', expected a VM size that westeurope offers for clusters. "
            "Did you mean Standard_DS3_v2?"
        )
    ]
    assert warnings == []


def test_a_size_for_compute_instances_only_is_refused() -> None:
    assert "expected a VM size that westeurope offers for clusters" in _judge("Standard_B1s")[0][0]


def test_a_node_that_no_quota_holds_is_refused_and_a_cluster_that_it_holds_in_part_is_warned_of() -> None:
    assert (
        "expected one that fits the subscription's quota of 3 vCPUs"
        in _judge("Standard_DS3_v2", limit=3)[0][0]
    )
    assert _judge("Standard_DS3_v2", nodes=9)[1] == [
        (
            "maximumNodes: 9 nodes of 4 vCPUs do not fit the subscription's quota of 24 vCPUs of standardDSv2Family in "
            "westeurope: 6 can run at once."
        )
    ]


def test_no_limit_and_low_priority_are_not_held_against_the_family_s_quota() -> None:
    assert _judge("Standard_DS3_v2", nodes=9, limit=-1) == ([], [])
    assert _judge("Standard_DS3_v2", nodes=9, limit=0, low_priority=True) == ([], [])


def test_low_priority_of_a_size_that_has_none_is_refused() -> None:
    assert "expected false" in _judge("Standard_DS4_v2", low_priority=True)[0][0]


def test_another_size_or_priority_says_what_the_replacement_loses() -> None:
    warnings = _judge("Standard_DS3_v2", live={"vmSize": "STANDARD_DS4_V2", "vmPriority": "LowPriority"})[1]
    assert warnings == [
        "vmSize: STANDARD_DS4_V2 -> Standard_DS3_v2 replaces the cluster: nodes and queue of cpu-cluster are lost.",
        "lowPriority: LowPriority -> Dedicated replaces the cluster: nodes and queue of cpu-cluster are lost.",
    ]
    assert _judge("standard_ds3_v2", live={"vmSize": "STANDARD_DS3_V2", "vmPriority": "Dedicated"})[1] == []
