"""A user-assigned managed identity: who a workspace or a cluster is, without a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity


@dataclass(frozen=True, kw_only=True)
class IdentityArgs:
    """What an identity needs."""

    resource_group_name: pulumi.Input[str]
    location: str
    identity_name: str
    tags: Mapping[str, str]


class Identity(pulumi.ComponentResource):
    """A user-assigned identity.

    Outputs: id: full ARM id; principal_id, client_id: GUIDs; all known after create.
    Source: Microsoft.ManagedIdentity/userAssignedIdentities 2023-01-31.
    """

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:components:Identity", name, None, opts)
        identity = managedidentity.UserAssignedIdentity(
            f"{name}-identity",
            resource_group_name=args.resource_group_name,
            resource_name_=args.identity_name,
            location=args.location,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = identity.id
        self.principal_id = identity.principal_id
        self.client_id = identity.client_id
        self.register_outputs({"id": self.id, "principal_id": self.principal_id, "client_id": self.client_id})
