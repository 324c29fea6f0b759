"""The custom role that pipeline steps run with."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization

from components.naming import Naming

# What a step needs while it runs: read definitions and data, track its own run. It may publish nothing:
# a step that could write models could release itself past its gate.
RUN_ACTIONS = (
    "Microsoft.MachineLearningServices/workspaces/read",
    "Microsoft.MachineLearningServices/workspaces/*/read",
    "Microsoft.MachineLearningServices/workspaces/experiments/*/write",
    "Microsoft.MachineLearningServices/workspaces/metrics/*/write",
)
RUN_NOT_ACTIONS = ("Microsoft.MachineLearningServices/workspaces/models/*/write",)


@dataclass(frozen=True, kw_only=True)
class RunRoleArgs:
    """What the role needs: the resource group that it may be assigned in."""

    naming: Naming
    resource_group_id: pulumi.Input[str]


class RunRole(pulumi.ComponentResource):
    """May read definitions and data's whereabouts and track runs; may publish nothing.

    Outputs: id: full ARM id, known after create.
    Source: Microsoft.Authorization/roleDefinitions 2022-04-01.
    """

    def __init__(self, name: str, args: RunRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:components:RunRole", name, None, opts)
        role = authorization.RoleDefinition(
            f"{name}-role",
            role_definition_id=args.naming.guid("role", "pipeline-run"),
            role_name=f"{args.naming.platform} {args.naming.stack} Pipeline Run",
            role_type="CustomRole",
            description="Read definitions and track runs; publish nothing.",
            scope=args.resource_group_id,
            assignable_scopes=[args.resource_group_id],
            permissions=[
                authorization.PermissionArgs(
                    actions=list(RUN_ACTIONS),
                    not_actions=list(RUN_NOT_ACTIONS),
                    data_actions=[],
                    not_data_actions=[],
                )
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = role.id
        self.register_outputs({"id": self.id})
