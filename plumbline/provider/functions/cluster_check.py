"""Whether Azure takes the clusters that a program declares, asked before a live one is deleted for them.

Source: Microsoft.MachineLearningServices VirtualMachineSizes_List, Usages_List and Compute_Get.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.provider.cloud import Cloud
from plumbline.provider.errors import Denied

CHECK_CLUSTERS = "plumbline:azureml:checkClusters"
_PROVIDER = "providers/Microsoft.MachineLearningServices"
_AML_COMPUTE = "amlcompute"


async def check_clusters(cloud: Cloud, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Compare clusters with the region's sizes, the subscription's quota and what is live.

    Args:
        arguments: location, resourceGroupName, workspaceName; clusters: a list of name, vmSize, maximumNodes,
            lowPriority.
    Returns: problems: what Azure would refuse; warnings: what is allowed and costs something. Each a list of cluster,
        field, message.
    Raises: Refusal: no login, or no answer. A missing right to ask is a warning.
    """
    location = (
        f"/subscriptions/{cloud.settings.subscription_id}/{_PROVIDER}/locations/{arguments['location']}"
    )
    workspace = cloud.workspace(arguments["resourceGroupName"], arguments["workspaceName"])
    clusters: list[Mapping[str, Any]] = arguments["clusters"]
    try:
        sizes, usages, *live = await asyncio.gather(
            cloud.reader.pages(f"{location}/vmSizes", api_version=api_version("locations")),
            cloud.reader.pages(f"{location}/usages", api_version=api_version("locations")),
            *(
                cloud.reader.get(
                    workspace.container("computes", one["name"]), api_version=api_version("computes")
                )
                for one in clusters
            ),
        )
    except Denied as refusal:
        said = {"cluster": "", "field": "", "message": f"VM sizes and quota were not checked. {refusal}"}
        return {"problems": [], "warnings": [said]}
    problems: list[dict[str, str]] = []
    warnings: list[dict[str, str]] = []
    for one, body in zip(clusters, live, strict=True):
        refused, noted = judge(one, sizes, usages, body, location=str(arguments["location"]))
        problems += refused
        warnings += noted
    return {"problems": problems, "warnings": warnings}


def judge(
    cluster: Mapping[str, Any],
    sizes: Sequence[Mapping[str, Any]],
    usages: Sequence[Mapping[str, Any]],
    live: Mapping[str, Any] | None,
    *,
    location: str,
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Problems and warnings of one cluster.

    Args:
        live: The cluster of that name as it is, None when there is none.
    """
    wanted = str(cluster["vmSize"])
    offered = {
        str(size["name"]).lower(): size
        for size in sizes
        if _AML_COMPUTE in {str(kind).lower() for kind in size.get("supportedComputeTypes") or [_AML_COMPUTE]}
    }
    size = offered.get(wanted.lower())
    if size is None:
        near = get_close_matches(wanted.lower(), offered, n=1)
        hint = f" Did you mean {offered[near[0]]['name']}?" if near else " Choose a size of this region."
        text = f"got {wanted!r}, expected a VM size that {location} offers for clusters.{hint}"
        return [_entry(cluster, "vmSize", text)], []
    low_priority = bool(cluster.get("lowPriority"))
    if low_priority and size.get("lowPriorityCapable") is False:
        text = (
            f"got true, expected false: {size['name']} is not offered as low priority. Choose another size."
        )
        return [_entry(cluster, "lowPriority", text)], []
    problems, warnings = [], []
    cores, nodes = int(size.get("vCPUs") or 0), int(cluster["maximumNodes"])
    limit = None if low_priority else _limit(usages, str(size.get("family")))
    quota = f"the subscription's quota of {limit} vCPUs of {size.get('family')} in {location}"
    if limit is not None and cores > limit:
        text = f"got {wanted}, which has {cores} vCPUs a node, expected one that fits {quota}. Ask for more quota."
        problems.append(_entry(cluster, "vmSize", text))
    elif limit is not None and cores * nodes > limit:
        text = f"{nodes} nodes of {cores} vCPUs do not fit {quota}: {limit // cores} can run at once."
        warnings.append(_entry(cluster, "maximumNodes", text))
    return problems, [*warnings, *_replacement(cluster, live)]


def _replacement(cluster: Mapping[str, Any], live: Mapping[str, Any] | None) -> list[dict[str, str]]:
    properties = ((live or {}).get("properties") or {}).get("properties") or {}
    old_size, old_priority = properties.get("vmSize"), properties.get("vmPriority")
    new_priority = "LowPriority" if cluster.get("lowPriority") else "Dedicated"
    found = []
    if old_size and old_size.lower() != str(cluster["vmSize"]).lower():
        found.append(("vmSize", old_size, cluster["vmSize"]))
    if old_priority and old_priority.lower() != new_priority.lower():
        found.append(("lowPriority", old_priority, new_priority))
    return [
        _entry(
            cluster,
            field,
            f"{old} -> {new} replaces the cluster: nodes and queue of {cluster['name']} are lost.",
        )
        for field, old, new in found
    ]


def _limit(usages: Sequence[Mapping[str, Any]], family: str) -> int | None:
    """How many vCPUs a family may have; None when it is not listed or not limited (-1)."""
    for usage in usages:
        if str((usage.get("name") or {}).get("value")).lower() == family.lower():
            limit = usage.get("limit")
            return int(limit) if isinstance(limit, int | float) and limit >= 0 else None
    return None


def _entry(cluster: Mapping[str, Any], field: str, message: str) -> dict[str, str]:
    return {"cluster": str(cluster["name"]), "field": field, "message": message}
