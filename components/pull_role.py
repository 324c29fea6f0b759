"""The custom role of those who run what a registry holds and may publish nothing in it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization

from components.naming import Naming

# Source: learn.microsoft.com, "Manage Azure Machine Learning registries", "Custom roles": what using assets needs.
PULL_ACTIONS = (
    "Microsoft.MachineLearningServices/registries/read",
    "Microsoft.MachineLearningServices/registries/assets/read",
)


@dataclass(frozen=True, kw_only=True)
class PullRoleArgs:
    """What the role needs: the resource group that it may be assigned in."""

    naming: Naming
    resource_group_id: pulumi.Input[str]


class PullRole(pulumi.ComponentResource):
    """May find and use a registry's assets; may publish, change and archive none.

    Outputs: id: full ARM id, known after create.
    Source: Microsoft.Authorization/roleDefinitions 2022-04-01.
    """

    def __init__(self, name: str, args: PullRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:components:PullRole", name, None, opts)
        role = authorization.RoleDefinition(
            f"{name}-role",
            role_definition_id=args.naming.guid("role", "registry-pull"),
            role_name=f"{args.naming.platform} {args.naming.stack} Registry Pull",
            role_type="CustomRole",
            description="Use a registry's assets; publish nothing.",
            scope=args.resource_group_id,
            assignable_scopes=[args.resource_group_id],
            permissions=[
                authorization.PermissionArgs(
                    actions=list(PULL_ACTIONS), not_actions=[], data_actions=[], not_data_actions=[]
                )
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = role.id
        self.register_outputs({"id": self.id})
