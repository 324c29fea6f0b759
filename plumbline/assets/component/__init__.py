"""Components: their content is a spec within the body, and Azure keeps some of it in both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.kind import Values, tags, text, version_values
from plumbline.assets.yaml_kind import YamlKind


def _values(properties: Mapping[str, Any]) -> Values:
    # Azure keeps the tags twice, and `az ml` shows those of the spec: an edit of either is drift. Its outer description
    # is null whatever was sent; that of the spec is the one (recorded, test_component_update 2026-03-26).
    spec = properties.get("componentSpec") or {}
    outer = (properties["description"],) if properties.get("description") else ()
    inner = (text(spec["description"]),) if "description" in spec else ()
    values = version_values(properties)
    values["displayName"] = (text(spec.get("display_name")),)
    values["description"] = (*outer, *inner) or (None,)
    if "tags" in spec:
        values["tags"] = (*values["tags"], tags(spec["tags"]))
    return values


COMPONENT = YamlKind(
    package=__name__,
    name="component",
    noun="Component",
    spoken="a component",
    collection="components",
    folders=("components", "component"),
    stems=("component",),
    types=frozenset({"command", "parallel", "sweep", "spark", "automl", "import", "data_transfer"}),
    keys=frozenset({"command"}),
    schemas=("commandcomponent", "pipelinecomponent", "parallelcomponent", "sparkcomponent"),
    marks=("componentSpec",),
    by_type=True,
    lifecycle="content",
    api_version="2024-01-01-preview",
    api_version_source="recorded, component tests 2026-03-26",
    system_data="recorded 2026-03-26: moves with every PUT, also of the same content",
    loader="azure.ai.ml:load_component",
    values=_values,
    entity_fields={"description": "description", "tags": "tags", "displayName": "display_name"},
    # A parallel component has its code under its task.
    code_paths=(("componentSpec", "code"), ("componentSpec", "task", "code")),
    registries=True,
    source="azure-ai-ml 1.35.2 ComponentOperations; ComponentVersions - Create Or Update",
    description=(
        "An Azure ML component with its code, registered from its component.yml under a version that follows from its "
        "content."
    ),
)
