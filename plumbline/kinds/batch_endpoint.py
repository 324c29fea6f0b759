"""Batch endpoints: a stable address that a pipeline is invoked at."""

from __future__ import annotations

from plumbline.kinds.arm_object import ArmObject, Field

BATCH_ENDPOINT = ArmObject(
    name="batch_endpoint",
    noun="BatchEndpoint",
    spoken="a batch endpoint",
    collection="batchEndpoints",
    api_version="2023-10-01",
    api_version_source="client, BatchEndpointOperations",
    fields={
        "location": Field(path=("location",)),
        "description": Field(path=("properties", "description")),
        "tags": Field(path=("tags",)),
    },
    # Batch endpoints take no other way. Source: learn, "Authorization on batch endpoints".
    constants={"properties.authMode": "AADToken"},
    shown={"scoringUri": "properties.scoringUri"},
    source="Batch Endpoints - Create Or Update; azure-ai-ml 1.35.2 BatchEndpoint",
    description=(
        "An Azure ML batch endpoint: a stable address at which callers start a pipeline without knowing its version. Its "
        "deployments say what runs."
    ),
)
