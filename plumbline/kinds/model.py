"""Models."""

from __future__ import annotations

from plumbline.assets.asset_kinds import ASSET_YAML
from plumbline.kinds.kind import Kind, version_values

YAML = ASSET_YAML["model"]
MODEL = Kind(
    name="model",
    noun="Model",
    spoken=YAML.spoken,
    collection=YAML.collection,
    lifecycle="counted",
    api_version="2023-08-01-preview",
    api_version_source="recorded, model tests 2024-04-09 to 2026-03-26",
    loader="azure.ai.ml:load_model",
    values=version_values,
    registries=True,
    source="azure-ai-ml 1.35.2 ModelOperations; ModelVersions - Create Or Update",
    description=(
        "An Azure ML model from a model.yml. Versions are positive integers; equal content that is registered already is "
        "found first."
    ),
)
