"""What the processes of a distributed step are told about one another, in each framework's own variables."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

DISTRIBUTIONS = ("pytorch", "tensorflow", "mpi")
"""Types whose processes are started and told about one another. Azure has `ray`, too, whose cluster nobody starts here."""


def process_environments(distribution: Mapping[str, Any], nodes: int) -> list[dict[str, str]]:
    """Return the variables of every process to start, the first node's first.

    All "nodes" are this machine, so the master's address is loopback.

    Args:
        distribution: {"type": "pytorch" | "mpi" | "tensorflow" | "", counts}.
    """
    kind = str(distribution.get("type") or "")
    per_node = max(int(distribution.get("process_count_per_instance") or 0), 1)
    shared = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        "AZUREML_NODE_COUNT": str(nodes),
        "AZ_BATCHAI_NODE_LIST": ";".join(["127.0.0.1"] * nodes),
    }
    if kind == "tensorflow":
        return _tensorflow(distribution, nodes, shared)
    world = nodes * per_node
    found = []
    for rank in range(world):
        node, local = divmod(rank, per_node)
        own = {
            **shared,
            "NODE_RANK": str(node),
            "RANK": str(rank),
            "LOCAL_RANK": str(local),
            "WORLD_SIZE": str(world),
            "LOCAL_WORLD_SIZE": str(per_node),
        }
        if kind == "mpi":
            own |= {
                "OMPI_COMM_WORLD_RANK": str(rank),
                "OMPI_COMM_WORLD_SIZE": str(world),
                "OMPI_COMM_WORLD_LOCAL_RANK": str(local),
                "OMPI_COMM_WORLD_LOCAL_SIZE": str(per_node),
            }
        found.append(own)
    return found


def _tensorflow(distribution: Mapping[str, Any], nodes: int, shared: dict[str, str]) -> list[dict[str, str]]:
    workers = int(distribution.get("worker_count") or 0) or nodes
    servers = int(distribution.get("parameter_server_count") or 0)
    ports = [_free_port() for _ in range(workers + servers)]
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports[:workers]]}
    if servers:
        cluster["ps"] = [f"127.0.0.1:{port}" for port in ports[workers:]]
    tasks = [("worker", index) for index in range(workers)] + [("ps", index) for index in range(servers)]
    return [
        {
            **shared,
            "NODE_RANK": str(rank),
            "RANK": str(rank),
            "WORLD_SIZE": str(len(tasks)),
            "TF_CONFIG": json.dumps(
                {"cluster": cluster, "task": {"type": kind, "index": index}, "environment": "cloud"}
            ),
        }
        for rank, (kind, index) in enumerate(tasks)
    ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
