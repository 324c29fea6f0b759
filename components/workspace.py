"""The Azure ML workspace, over storage, vault, monitoring and registry that are given to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices as ml


@dataclass(frozen=True, kw_only=True)
class WorkspaceArgs:
    """What a workspace needs; every `*_id` is a full ARM id.

    Args:
        identity_id: Required. The user-assigned identity that the workspace acts as.
        public_access_allowed: Required. Whether the public network reaches the workspace.
    """

    resource_group_name: pulumi.Input[str]
    location: str
    workspace_name: str
    storage_id: pulumi.Input[str]
    vault_id: pulumi.Input[str]
    insights_id: pulumi.Input[str]
    registry_id: pulumi.Input[str]
    identity_id: pulumi.Input[str]
    public_access_allowed: bool
    description: str
    tags: Mapping[str, str]


class Workspace(pulumi.ComponentResource):
    """A workspace that reaches its own storage by identity, never by an account key.

    Outputs: id: full ARM id; workspace_name: short name; both known after create.
    Source: Microsoft.MachineLearningServices/workspaces 2025-12-01.
    """

    def __init__(self, name: str, args: WorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:components:Workspace", name, None, opts)
        workspace = ml.Workspace(
            f"{name}-workspace",
            resource_group_name=args.resource_group_name,
            workspace_name=args.workspace_name,
            location=args.location,
            kind="Default",
            sku=ml.SkuArgs(name="Basic", tier=ml.SkuTier.BASIC),
            friendly_name=args.workspace_name,
            description=args.description,
            storage_account=args.storage_id,
            key_vault=args.vault_id,
            application_insights=args.insights_id,
            container_registry=args.registry_id,
            identity=ml.ManagedServiceIdentityArgs(
                type=ml.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[args.identity_id]
            ),
            primary_user_assigned_identity=args.identity_id,
            system_datastores_auth_mode="identity",
            public_network_access="Enabled" if args.public_access_allowed else "Disabled",
            v1_legacy_mode=False,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = workspace.id
        self.workspace_name = workspace.name
        self.register_outputs({"id": self.id, "workspace_name": self.workspace_name})
