"""Where the platform is watched: a Log Analytics workspace and Application Insights over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import applicationinsights, operationalinsights


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """What monitoring needs.

    Args:
        retention_days: Required. Days that logs are kept, 30..730.
    """

    resource_group_name: pulumi.Input[str]
    location: str
    logs_name: str
    insights_name: str
    retention_days: int
    tags: Mapping[str, str]


class Monitoring(pulumi.ComponentResource):
    """Log Analytics and workspace-based Application Insights, without local authentication.

    Outputs: logs_id, insights_id: full ARM ids, known after create.
    Source: Microsoft.OperationalInsights/workspaces 2023-09-01, Microsoft.Insights/components 2020-02-02.
    """

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:components:Monitoring", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        logs = operationalinsights.Workspace(
            f"{name}-logs",
            resource_group_name=args.resource_group_name,
            workspace_name=args.logs_name,
            location=args.location,
            sku=operationalinsights.WorkspaceSkuArgs(
                name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018
            ),
            retention_in_days=args.retention_days,
            features=operationalinsights.WorkspaceFeaturesArgs(disable_local_auth=True),
            tags=args.tags,
            opts=child,
        )
        insights = applicationinsights.Component(
            f"{name}-insights",
            resource_group_name=args.resource_group_name,
            resource_name_=args.insights_name,
            location=args.location,
            kind="web",
            application_type=applicationinsights.ApplicationType.WEB,
            ingestion_mode=applicationinsights.IngestionMode.LOG_ANALYTICS,
            workspace_resource_id=logs.id,
            disable_local_auth=True,
            tags=args.tags,
            # Azure answers them readable; whoever holds one may write telemetry.
            opts=pulumi.ResourceOptions(
                parent=self, additional_secret_outputs=["connectionString", "instrumentationKey"]
            ),
        )
        self.logs_id = logs.id
        self.insights_id = insights.id
        self.register_outputs({"logs_id": self.logs_id, "insights_id": self.insights_id})
