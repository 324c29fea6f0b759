"""Environments."""

from __future__ import annotations

from plumbline.assets.kind import version_values
from plumbline.assets.yaml_kind import YamlKind

ENVIRONMENT = YamlKind(
    package=__name__,
    name="environment",
    noun="Environment",
    spoken="an environment",
    collection="environments",
    folders=("environments", "environment"),
    stems=("environment", "env"),
    keys=frozenset({"image", "build", "conda_file"}),
    schemas=("environment",),
    marks=("image", "condaFile", "build"),
    lifecycle="content",
    api_version="2023-04-01-preview",
    api_version_source="recorded, environment tests 2023-10-31 to 2026-03-03",
    system_data="recorded 2023-10-31; archiving a container does not move it: the log then",
    loader="azure.ai.ml:load_environment",
    values=version_values,
    registries=True,
    source="azure-ai-ml 1.35.2 EnvironmentOperations; EnvironmentVersions - Create Or Update",
    description=(
        "An Azure ML environment (image with conda file, or a build context), registered from its environment.yml "
        "under a version that follows from its content."
    ),
)
