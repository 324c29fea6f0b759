"""A pipeline as a lock pins it: its schedule over registry versions, and nothing that this stack would own of them."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from plumbline import azureml
from plumbline.assets import ScheduleDefinition, canonical_text
from plumbline.assets.lock import Release


@dataclass(frozen=True, kw_only=True)
class LockedReleaseArgs:
    """What a locked release needs.

    Args:
        source: Required. Path of the lock, relative to the project.
        schedule_enabled: Required. Whether the schedule fires.
    """

    resource_group_name: pulumi.Input[str]
    workspace_name: pulumi.Input[str]
    release: Release
    source: str
    schedule_enabled: bool


class LockedRelease(pulumi.ComponentResource):
    """A release's schedule. Its assets lie in the registry: they are referred to, never registered here.

    Outputs: references: `name:version` of every pin, known in preview; schedule_id: full ARM id.
    """

    def __init__(
        self, name: str, args: LockedReleaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("platform:components:LockedRelease", name, None, opts)
        locked = args.release.schedule
        schedule = azureml.PipelineSchedule(
            f"{name}-schedule",
            definition=ScheduleDefinition(
                name=locked.name,
                spec=canonical_text(locked.spec),
                source=args.source,
                display_name=locked.display_name,
                description=locked.description,
                tags=locked.tags,
            ),
            enabled=args.schedule_enabled,
            resource_group_name=args.resource_group_name,
            workspace_name=args.workspace_name,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.references = {f"{pin.kind}/{pin.name}": pin.reference for pin in args.release.pins}
        self.schedule_id = schedule.id
        self.register_outputs({"references": self.references, "schedule_id": self.schedule_id})
