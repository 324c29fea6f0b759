"""Batch endpoints, and the pipelines that are deployed to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi

from plumbline.azureml.output import output
from plumbline.kinds import BATCH_ENDPOINT, PIPELINE_DEPLOYMENT, Kind


class BatchEndpoint(pulumi.CustomResource):
    """A stable address at which callers start a pipeline without knowing its version.

    Outputs:
        id: Full ARM id, known after create.
    Source: Batch Endpoints; azure-ai-ml 1.35.2 BatchEndpoint.
    """

    kind: ClassVar[Kind] = BATCH_ENDPOINT

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        resource_group_name: pulumi.Input[str],
        workspace_name: pulumi.Input[str],
        location: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the endpoint.

        Args:
            resource_name: Required. Logical name in the stack.
            name: Required. Name in the region, 3 to 32 letters, digits and dashes, a letter first; a change replaces.
            resource_group_name: Required. Resource group of the workspace; a change replaces.
            workspace_name: Required. Workspace that runs what is deployed; a change replaces.
            location: Optional. Azure region. Default: that of the workspace.
            description: Optional. Free text shown in the studio.
            tags: Optional. Its tags.
            opts: Optional. As on every resource.
        """
        inputs: dict[str, Any] = {
            "name": name,
            "resourceGroupName": resource_group_name,
            "workspaceName": workspace_name,
            "location": location,
            "description": description,
            "tags": tags,
            "scoringUri": None,
            "adopted": None,
        }
        super().__init__(self.kind.token, resource_name, inputs, opts)

    name: pulumi.Output[str] = output("name")
    """Name of the endpoint, known in preview."""

    scoring_uri: pulumi.Output[str] = output("scoringUri")
    """Address at which it is invoked, known after create."""


class PipelineDeployment(pulumi.CustomResource):
    """A pipeline component deployed to a batch endpoint: an invocation runs it as a pipeline job.

    Outputs:
        id: Full ARM id, known after create.
    Source: Batch Deployments; azure-ai-ml 1.35.2 PipelineComponentBatchDeployment.
    """

    kind: ClassVar[Kind] = PIPELINE_DEPLOYMENT

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        endpoint_name: pulumi.Input[str],
        component: pulumi.Input[str],
        resource_group_name: pulumi.Input[str],
        workspace_name: pulumi.Input[str],
        settings: pulumi.Input[Mapping[str, Any]] | None = None,
        default: pulumi.Input[bool] | None = None,
        location: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the deployment.

        Args:
            resource_name: Required. Logical name in the stack.
            name: Required. Name in the endpoint, 3 to 32 letters, digits and dashes, a letter first; a change replaces.
            endpoint_name: Required. Endpoint that it is deployed to; a change replaces.
            component: Required. Pipeline component: `Component.reference`, or azureml://registries/R/components/N/versions/V.
            resource_group_name: Required. Resource group of the workspace; a change replaces.
            workspace_name: Required. Workspace that runs it; a change replaces.
            settings: Optional. Settings of the pipeline job as in its YAML, for instance default_compute.
            default: Optional. Whether an invocation that names no deployment runs this one. Default false.
            location: Optional. Azure region. Default: that of the workspace.
            description: Optional. Free text shown in the studio.
            tags: Optional. Its tags.
            opts: Optional. As on every resource.
        """
        inputs: dict[str, Any] = {
            "name": name,
            "endpointName": endpoint_name,
            "component": component,
            "resourceGroupName": resource_group_name,
            "workspaceName": workspace_name,
            "settings": settings,
            "default": default,
            "location": location,
            "description": description,
            "tags": tags,
            "adopted": None,
        }
        super().__init__(self.kind.token, resource_name, inputs, opts)

    name: pulumi.Output[str] = output("name")
    """Name of the deployment, known in preview."""

    component: pulumi.Output[str] = output("component")
    """Pipeline component that an invocation runs, known in preview."""
