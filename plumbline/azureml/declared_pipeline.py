"""Every asset and schedule of a folder as resources, for programs that want no component around them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pulumi

from plumbline.assets import MLPipeline
from plumbline.azureml.asset import ASSETS
from plumbline.azureml.pipeline_schedule import PipelineSchedule


def declare_pipeline(
    definition: MLPipeline,
    *,
    resource_group_name: pulumi.Input[str],
    workspace_name: pulumi.Input[str],
    paused: Collection[str] = (),
    after: Sequence[pulumi.Resource] = (),
) -> list[pulumi.Resource]:
    """Declare each asset of a folder after what it refers to, then the folder's schedules.

    Logical names are `KIND-NAME` (`component-train`, `schedule-nightly`).

    Args:
        definition: Required. As `plumbline.assets.load_ml_pipelines` read it.
        resource_group_name: Required. Resource group of the workspace; may be unknown in preview.
        workspace_name: Required. Workspace to register in; may be unknown in preview.
        paused: Optional. Names of schedules that shall not fire.
        after: Optional. What has to be there first: the right to upload, a cluster, the assets of another folder.
    Returns: `after`, and what was declared.
    """
    made: dict[tuple[str, str], pulumi.Resource] = {}
    for asset in definition.assets:
        needed = [made[key] for ref in asset.references if (key := (ref.kind, ref.name)) in made]
        made[asset.kind, asset.name] = ASSETS[asset.kind](
            f"{asset.kind}-{asset.name}",
            definition=asset,
            resource_group_name=resource_group_name,
            workspace_name=workspace_name,
            opts=pulumi.ResourceOptions(depends_on=[*after, *needed]),
        )
    declared = [*after, *made.values()]
    schedules = [
        PipelineSchedule(
            f"schedule-{schedule.name}",
            definition=schedule,
            enabled=schedule.enabled and schedule.name not in paused,
            resource_group_name=resource_group_name,
            workspace_name=workspace_name,
            opts=pulumi.ResourceOptions(depends_on=declared),
        )
        for schedule in definition.schedules
    ]
    return [*declared, *schedules]
