"""An AmlCompute cluster that scales to zero and acts as a managed identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices as ml


@dataclass(frozen=True, kw_only=True)
class ComputeArgs:
    """What a cluster needs.

    Args:
        cluster_name: Required. The name that pipelines use, as `azureml:<cluster_name>`.
        vm_size: Required. An Azure VM size; another one replaces the cluster.
        maximum_nodes: Required. Nodes at once, 1..100.
        idle_seconds: Required. Seconds a node may idle before it is released, a multiple of 60.
        low_priority: Required. Cheaper nodes that Azure may take away in the middle of a step.
        identity_id: Required. Full ARM id of the identity that steps run as.
        public_access_allowed: Required. Whether nodes may have public addresses.
    """

    resource_group_name: pulumi.Input[str]
    location: str
    workspace_name: pulumi.Input[str]
    cluster_name: str
    vm_size: str
    maximum_nodes: int
    idle_seconds: int
    low_priority: bool
    identity_id: pulumi.Input[str]
    public_access_allowed: bool
    description: str
    tags: Mapping[str, str]


class Compute(pulumi.ComponentResource):
    """A cluster with no node while nobody works, no SSH and no local authentication.

    Outputs: id: full ARM id; cluster_name: short name; both known after create.
    Source: Microsoft.MachineLearningServices/workspaces/computes 2025-12-01.
    """

    def __init__(self, name: str, args: ComputeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:components:Compute", name, None, opts)
        cluster = ml.Compute(
            f"{name}-cluster",
            resource_group_name=args.resource_group_name,
            workspace_name=args.workspace_name,
            compute_name=args.cluster_name,
            location=args.location,
            identity=ml.ManagedServiceIdentityArgs(
                type=ml.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[args.identity_id]
            ),
            properties=ml.AmlComputeArgs(
                compute_type="AmlCompute",
                description=args.description,
                disable_local_auth=True,
                properties=ml.AmlComputePropertiesArgs(
                    vm_size=args.vm_size,
                    vm_priority=ml.VmPriority.LOW_PRIORITY if args.low_priority else ml.VmPriority.DEDICATED,
                    os_type=ml.OsType.LINUX,
                    remote_login_port_public_access=ml.RemoteLoginPortPublicAccess.DISABLED,
                    enable_node_public_ip=args.public_access_allowed,
                    scale_settings=ml.ScaleSettingsArgs(
                        min_node_count=0,
                        max_node_count=args.maximum_nodes,
                        node_idle_time_before_scale_down=f"PT{args.idle_seconds // 60}M",
                    ),
                ),
            ),
            tags=args.tags,
            # Azure refuses another VM size for a cluster that exists, and a name is unique in its
            # workspace: so the cluster is replaced, the old one first.
            opts=pulumi.ResourceOptions(
                parent=self,
                replace_on_changes=["properties.properties.vmSize", "properties.properties.vmPriority"],
                delete_before_replace=True,
            ),
        )
        self.id = cluster.id
        self.cluster_name = cluster.name
        self.register_outputs({"id": self.id, "cluster_name": self.cluster_name})
