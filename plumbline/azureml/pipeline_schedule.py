"""The schedule resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi

from plumbline.assets import ScheduleDefinition
from plumbline.azureml.output import output
from plumbline.kinds import SCHEDULE, Kind
from plumbline.kinds.definition_inputs import schedule_inputs


class PipelineSchedule(pulumi.CustomResource):
    """A schedule of a pipeline job over exact component versions; changed in place, disabled before deletion.

    Declare it after the components that it pins (`opts.depends_on`): the pins are plain texts, known in preview,
    and carry no dependency.

    Outputs:
        id: Full ARM id, known after create.
    Source: Schedules; azure-ai-ml 1.35.2 ScheduleOperations.
    """

    kind: ClassVar[Kind] = SCHEDULE

    def __init__(
        self,
        resource_name: str,
        *,
        definition: ScheduleDefinition,
        resource_group_name: pulumi.Input[str],
        workspace_name: pulumi.Input[str],
        enabled: pulumi.Input[bool] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the schedule.

        Args:
            resource_name: Required. Logical name in the stack.
            definition: Required. As `plumbline.assets.load_ml_pipelines` read it.
            resource_group_name: Required. Resource group of the workspace; a change replaces.
            workspace_name: Required. Workspace that runs the job; a change replaces. May be unknown in preview.
            enabled: Optional. Whether it fires. Default: as the definition says, which is true.
            opts: Optional. As on every resource.
        """
        inputs: dict[str, Any] = {
            "resourceGroupName": resource_group_name,
            "workspaceName": workspace_name,
            **schedule_inputs(definition),
            "adopted": None,
        }
        if enabled is not None:
            inputs["enabled"] = enabled
        super().__init__(self.kind.token, resource_name, inputs, opts)

    resource_group_name: pulumi.Output[str] = output("resourceGroupName")
    """Resource group of the workspace."""

    workspace_name: pulumi.Output[str] = output("workspaceName")
    """Workspace that runs the job."""

    name: pulumi.Output[str] = output("name")
    """Name of the schedule, known in preview."""

    enabled: pulumi.Output[bool] = output("enabled")
    """Whether the schedule fires, known in preview."""

    display_name: pulumi.Output[str | None] = output("displayName")
    """Name shown in the studio."""

    description: pulumi.Output[str | None] = output("description")
    """Free text shown in the studio."""

    tags: pulumi.Output[Mapping[str, str] | None] = output("tags")
    """Tags of the schedule."""

    adopted: pulumi.Output[bool | None] = output("adopted")
    """True when somebody else made it and this stack found it equal: a delete leaves it. Known after create."""
