"""Rows on clusters and quotas."""

from __future__ import annotations

from tests.verify_azure import versions as api
from tests.verify_azure.check import check
from tests.verify_azure.cloud import code_of
from tests.verify_azure.finding import Finding, holds
from tests.verify_azure.parts import cluster_body
from tests.verify_azure.subject import Subject


@check("ml-compute-fixed-fields", "cluster")
def another_size(azure: Subject) -> Finding:
    path = azure.part("cluster")
    answer = azure.send("PUT", path, api=api.COMPUTE, body=cluster_body(azure, size="Standard_DS3_v2"))
    shown = azure.get(path, api=api.COMPUTE)["properties"]["properties"]["vmSize"]
    return holds(
        answer.status_code == 400 and shown.lower() == "standard_ds2_v2",
        f"PUT of a cluster with another vmSize answered {answer.status_code} {code_of(answer)}; shown afterwards: {shown}.",
    )


@check("ml-compute-no-system-data", "cluster")
def system_data_of_a_cluster(azure: Subject) -> Finding:
    body = azure.get(azure.part("cluster"), api=api.COMPUTE)
    return holds(not body.get("systemData"), f"A cluster is answered with {', '.join(sorted(body))}.")


@check("ml-compute-remote-login", "cluster")
def remote_login(azure: Subject) -> Finding:
    shown = azure.get(azure.part("cluster"), api=api.COMPUTE)["properties"]["properties"].get(
        "remoteLoginPortPublicAccess"
    )
    return holds(shown == "Enabled", f"A cluster sent without remoteLoginPortPublicAccess shows {shown}.")


@check("ml-compute-public-ip-not-filled", "cluster")
def public_ip(azure: Subject) -> Finding:
    shown = azure.get(azure.part("cluster"), api=api.COMPUTE)["properties"]["properties"]
    return holds(
        shown.get("enableNodePublicIp") is None,
        f"A cluster sent without enableNodePublicIp shows {shown.get('enableNodePublicIp', 'no such member')}.",
    )


@check("ml-quota-numbers", "workspace")
def more_nodes_than_quota(azure: Subject) -> Finding:
    path = f"{azure.part('workspace')}/computes/{azure.fresh('big')}"
    azure.cloud.finish("PUT", path, api=api.COMPUTE, body=cluster_body(azure, nodes=500))
    state = azure.get(path, api=api.COMPUTE)["properties"]["provisioningState"]
    return holds(
        state == "Succeeded", f"A cluster of at most 500 nodes, none of them running, ended {state}."
    )
