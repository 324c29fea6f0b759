"""The outputs by which the `plumbline` command finds a program's workspace."""

from __future__ import annotations

import pulumi


def export_workspace(*, resource_group_name: pulumi.Input[str], workspace_name: pulumi.Input[str]) -> None:
    """Export which workspace `plumbline drift`, `job` and the other commands shall take for this stack.

    Args:
        resource_group_name: Required. Resource group of the workspace.
        workspace_name: Required. The workspace's short name.
    Outputs: `resource_group_name` and `workspace_name` of the stack.
    """
    pulumi.export("resource_group_name", resource_group_name)
    pulumi.export("workspace_name", workspace_name)
