"""Models."""

from __future__ import annotations

from plumbline.assets.kind import version_values
from plumbline.assets.yaml_kind import YamlKind

MODEL = YamlKind(
    package=__name__,
    name="model",
    noun="Model",
    spoken="a model",
    collection="models",
    folders=("models", "model"),
    stems=("model",),
    types=frozenset({"custom_model", "mlflow_model", "triton_model"}),
    schemas=("model",),
    marks=("modelUri",),
    lifecycle="counted",
    api_version="2023-08-01-preview",
    api_version_source="recorded, model tests 2024-04-09 to 2026-03-26",
    system_data="recorded 2026-03-26",
    loader="azure.ai.ml:load_model",
    values=version_values,
    is_located=True,
    registries=True,
    source="azure-ai-ml 1.35.2 ModelOperations; ModelVersions - Create Or Update",
    description=(
        "An Azure ML model from a model.yml. Versions are positive integers; equal content that is registered already is "
        "found first."
    ),
)
