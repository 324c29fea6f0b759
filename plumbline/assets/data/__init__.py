"""Data assets."""

from __future__ import annotations

from plumbline.assets.kind import version_values
from plumbline.assets.yaml_kind import YamlKind

DATA = YamlKind(
    package=__name__,
    name="data",
    noun="DataAsset",
    spoken="data",
    collection="data",
    folders=("data",),
    stems=("data",),
    types=frozenset({"uri_file", "uri_folder", "mltable"}),
    schemas=("data",),
    marks=("dataUri",),
    lifecycle="content",
    api_version="2023-04-01-preview",
    api_version_source="recorded, data tests 2026-03-27",
    system_data="recorded 2026-03-27: no lastModifiedBy before the first change",
    loader="azure.ai.ml:load_data",
    values=version_values,
    is_located=True,
    registries=True,
    source="azure-ai-ml 1.35.2 DataOperations; DataVersions - Create Or Update",
    description=(
        "An Azure ML data asset. Local files are uploaded and give the version by their content; data behind a URI has "
        "the version that its data.yml declares, or one made from the address."
    ),
)
