"""A pipeline as a lock pins it: its schedules over registry versions, and nothing that this stack would own of them."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.schedule_name import schedule_name
from plumbline import azureml
from plumbline.assets import ScheduleDefinition, canonical_text
from plumbline.assets.lock import Release


@dataclass(frozen=True, kw_only=True)
class LockedReleaseArgs:
    """What a locked release needs.

    Args:
        source: Required. Path of the lock, relative to the project.
        schedule_enabled: Required. Whether the schedules fire.
    """

    resource_group_name: pulumi.Input[str]
    workspace_name: pulumi.Input[str]
    release: Release
    source: str
    schedule_enabled: bool


class LockedRelease(pulumi.ComponentResource):
    """A release's schedules. Its assets lie in the registry: they are referred to, never registered here.

    Outputs: references: `name:version` of every pin, known in preview; schedule_ids: full ARM ids by name.
    """

    def __init__(
        self, name: str, args: LockedReleaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("platform:components:LockedRelease", name, None, opts)
        self.schedules: dict[str, azureml.PipelineSchedule] = {}
        locked = args.release.schedules
        for one in locked:
            logical, aliases = schedule_name(name, one.name, file=one.file, alone=len(locked) == 1)
            self.schedules[one.name] = azureml.PipelineSchedule(
                logical,
                definition=ScheduleDefinition(
                    name=one.name,
                    spec=canonical_text(one.spec),
                    source=args.source,
                    display_name=one.display_name,
                    description=one.description,
                    tags=one.tags,
                ),
                enabled=args.schedule_enabled,
                resource_group_name=args.resource_group_name,
                workspace_name=args.workspace_name,
                opts=pulumi.ResourceOptions(parent=self, aliases=aliases),
            )
        self.references = {f"{pin.kind}/{pin.name}": pin.reference for pin in args.release.pins}
        self.register_outputs(
            {
                "references": self.references,
                "schedule_ids": {key: schedule.id for key, schedule in self.schedules.items()},
            }
        )
