"""Ask Azure about clusters before the program declares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi


@dataclass(frozen=True, kw_only=True)
class ClusterFinding:
    """One thing to know about a declared cluster.

    Attributes:
        cluster: Its name, empty when the finding is about all of them.
        field: vmSize, maximumNodes or lowPriority; empty when it is about none of them.
        message: Got, expected, next step.
    """

    cluster: str
    field: str
    message: str


@dataclass(frozen=True, kw_only=True)
class ClusterCheck:
    """What Azure would refuse, and what it would do that costs something."""

    problems: tuple[ClusterFinding, ...]
    warnings: tuple[ClusterFinding, ...]


def check_clusters(
    *, location: str, resource_group_name: str, workspace_name: str, clusters: Sequence[Mapping[str, Any]]
) -> ClusterCheck:
    """Compare clusters with the region's VM sizes, the quota and what is live, in preview and in up.

    A cluster of another VM size is replaced, the old one first: so what Azure would refuse has to be known before.

    Args:
        clusters: name, vmSize, maximumNodes, lowPriority of each.
    Source: the provider's function plumbline:azureml:checkClusters.
    """
    answer = pulumi.runtime.invoke(
        "plumbline:azureml:checkClusters",
        {
            "location": location,
            "resourceGroupName": resource_group_name,
            "workspaceName": workspace_name,
            "clusters": [dict(cluster) for cluster in clusters],
        },
    ).value
    answer = answer or {}
    return ClusterCheck(
        problems=_findings(answer.get("problems")), warnings=_findings(answer.get("warnings"))
    )


def _findings(rows: Any) -> tuple[ClusterFinding, ...]:
    return tuple(
        ClusterFinding(cluster=row["cluster"], field=row["field"], message=row["message"])
        for row in rows or ()
    )
