"""A definition as a registry takes and shows it: references within the registry are written out in full. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.references import parse_reference
from plumbline.kinds import COMPONENT, ENVIRONMENT

_HOLDERS = {"environment": ENVIRONMENT, "component": COMPONENT}
"""Fields that name another asset, and which kind it is of."""


def written_out(spec: Any, registry: str) -> Any:
    """A spec whose short references are those of the registry: it takes no others.

    Source: azure-ai-ml 1.35.2 `OperationOrchestrator.get_asset_arm_id` refuses short ones in a registry.
    """
    if isinstance(spec, list):
        return [written_out(value, registry) for value in spec]
    if not isinstance(spec, Mapping):
        return spec
    return {name: _reference(name, written_out(value, registry), registry) for name, value in spec.items()}


def in_short(spec: Any, registry: str) -> Any:
    """A spec whose references to the registry that it lies in are short, as the definition has them."""
    if isinstance(spec, Mapping):
        return {name: in_short(value, registry) for name, value in spec.items()}
    if isinstance(spec, list):
        return [in_short(value, registry) for value in spec]
    address = parse_reference(spec) if isinstance(spec, str) else None
    if address is None or not address.version or (address.registry or "").lower() != registry.lower():
        return spec
    return f"azureml:{address.name}:{address.version}"


def _reference(name: str, value: Any, registry: str) -> Any:
    kind = _HOLDERS.get(name)
    address = parse_reference(value) if kind and isinstance(value, str) else None
    if kind is None or address is None or address.registry or address.curated or not address.version:
        return value
    return f"azureml://registries/{registry}/{kind.collection}/{address.name}/versions/{address.version}"
