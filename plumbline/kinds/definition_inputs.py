"""A definition as the inputs of its resource: wire names throughout, as every program hands them to the engine."""

from __future__ import annotations

from typing import Any

from plumbline.assets import AssetDefinition, ScheduleDefinition
from plumbline.kinds import KINDS


def asset_inputs(definition: AssetDefinition) -> dict[str, Any]:
    """Inputs of an asset, without the place where it is registered; None and empty where it says nothing."""
    inputs: dict[str, Any] = {
        "name": definition.name,
        "version": definition.version or None,
        "spec": definition.spec,
        "contentHash": definition.content_hash,
        "codeHash": definition.code_hash,
        "codePath": definition.code_path,
        "includes": list(definition.includes) or None,
        "referenceHashes": dict(definition.reference_hashes) or None,
        "source": definition.source,
        "description": definition.description,
        "tags": dict(definition.tags),
    }
    if "displayName" in KINDS[definition.kind].entity_fields:
        inputs["displayName"] = definition.display_name
    return inputs


def schedule_inputs(definition: ScheduleDefinition) -> dict[str, Any]:
    """Inputs of a schedule, without the workspace."""
    return {
        "name": definition.name,
        "spec": definition.spec,
        "codePath": definition.code_path,
        "source": definition.source,
        "enabled": definition.enabled,
        "displayName": definition.display_name,
        "description": definition.description,
        "tags": dict(definition.tags),
    }
