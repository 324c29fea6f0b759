"""An ML pipeline as managed resources: its assets, each after what it refers to, then its schedules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from components.schedule_name import schedule_name
from plumbline import azureml
from plumbline.assets import MLPipeline as PipelineDefinition


@dataclass(frozen=True, kw_only=True)
class MLPipelineArgs:
    """What a pipeline's registration needs.

    Args:
        definition: Required. The pipeline's folder, read and checked.
        schedule_enabled: Required. Whether the schedule fires; a stack that only registers says False.
        others: Optional. Assets of other pipelines that were declared before, by kind and name. Default: none.
    """

    resource_group_name: pulumi.Input[str]
    workspace_name: pulumi.Input[str]
    definition: PipelineDefinition
    schedule_enabled: bool
    others: Mapping[tuple[str, str], pulumi.Resource] = field(default_factory=dict)


class MLPipeline(pulumi.ComponentResource):
    """A pipeline's definitions in the registry of a workspace, its schedules pinned to their exact versions.

    Every asset is declared after what it refers to. The pins are content, not labels, so a preview
    shows the very version that the schedule moves to.

    What it declared is in `declared`, for the `others` of the next.

    Outputs: references: `name:version` of every asset, known in preview; schedule_ids: full ARM ids by name.
    """

    def __init__(self, name: str, args: MLPipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:components:MLPipeline", name, None, opts)
        definition = args.definition
        self.declared: dict[tuple[str, str], pulumi.Resource] = {}
        declared, others = self.declared, args.others
        self.references: dict[str, pulumi.Output[str]] = {}
        for asset in definition.assets:
            known = {**others, **declared}
            after = [known[key] for ref in asset.references if (key := (ref.kind, ref.name)) in known]
            made = azureml.ASSETS[asset.kind](
                f"{name}-{asset.kind}-{asset.name}",
                definition=asset,
                resource_group_name=args.resource_group_name,
                workspace_name=args.workspace_name,
                opts=pulumi.ResourceOptions(parent=self, depends_on=after),
            )
            declared[asset.kind, asset.name] = made
            self.references[f"{asset.kind}/{asset.name}"] = made.reference
        self.schedules: dict[str, azureml.PipelineSchedule] = {}
        for schedule in definition.schedules:
            logical, aliases = schedule_name(
                name, schedule.name, file=schedule.source, alone=len(definition.schedules) == 1
            )
            self.schedules[schedule.name] = azureml.PipelineSchedule(
                logical,
                definition=schedule,
                enabled=schedule.enabled and args.schedule_enabled,
                resource_group_name=args.resource_group_name,
                workspace_name=args.workspace_name,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=[
                        *declared.values(),
                        *(
                            others[key]
                            for ref in schedule.references
                            if (key := (ref.kind, ref.name)) in others
                        ),
                    ],
                    aliases=aliases,
                ),
            )
        self.register_outputs(
            {
                "references": self.references,
                "schedule_ids": {key: schedule.id for key, schedule in self.schedules.items()},
            }
        )
