"""Deployments of a pipeline component to a batch endpoint."""

from __future__ import annotations

from plumbline.kinds.arm_object import ArmObject, Field

_CONFIGURATION = ("properties", "deploymentConfiguration")

PIPELINE_DEPLOYMENT = ArmObject(
    name="pipeline_deployment",
    noun="PipelineDeployment",
    spoken="a pipeline deployment",
    collection="batchEndpoints",
    below=("endpointName", "deployments"),
    api_version="2024-01-01-preview",
    api_version_source="client, BatchDeploymentOperations; the first with deploymentConfiguration is 2023-04-01-preview",
    fields={
        "location": Field(path=("location",)),
        "component": Field(path=(*_CONFIGURATION, "componentId", "assetId"), form="component"),
        "settings": Field(path=(*_CONFIGURATION, "settings"), form="texts"),
        "description": Field(path=("properties", "description")),
        "tags": Field(path=("tags",)),
    },
    constants={
        "properties.deploymentConfiguration.deploymentConfigurationType": "PipelineComponent",
        "properties.deploymentConfiguration.componentId.referenceType": "Id",
        # azure-ai-ml sends these of every batch deployment, though a pipeline has no use for them.
        "properties.errorThreshold": -1,
        "properties.maxConcurrencyPerInstance": 1,
        "properties.miniBatchSize": 10,
        "properties.outputFileName": "predictions.csv",
    },
    source="Batch Deployments - Create Or Update; azure-ai-ml 1.35.2 PipelineComponentBatchDeployment",
    description=(
        "A pipeline component deployed to a batch endpoint: what an invocation of the endpoint runs as a pipeline job."
    ),
)
