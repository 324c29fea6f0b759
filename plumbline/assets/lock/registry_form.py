"""References of a release: short ones in a workspace, the registry's own in a lock. Content hashes use the short ones."""

from __future__ import annotations

from typing import Any

from plumbline.assets.references import COLLECTIONS, parse_reference


def registry_reference(registry: str, kind: str, name: str, version: str) -> str:
    """`azureml://registries/R/components/N/versions/V`."""
    return f"azureml://registries/{registry}/{COLLECTIONS[kind]}/{name}/versions/{version}"


def in_registry(spec: Any, registry: str, pins: dict[tuple[str, str], str]) -> Any:
    """A spec whose references to pinned assets are the registry's.

    Args:
        pins: (name, version) -> kind.
    """
    if isinstance(spec, dict):
        return {key: in_registry(value, registry, pins) for key, value in spec.items()}
    if isinstance(spec, list):
        return [in_registry(value, registry, pins) for value in spec]
    address = parse_reference(spec) if isinstance(spec, str) else None
    if address is None or address.registry or not address.version:
        return spec
    kind = pins.get((address.name, address.version))
    return registry_reference(registry, kind, address.name, address.version) if kind else spec


def in_workspace(spec: Any, registry: str) -> Any:
    """A spec whose references to this registry are short, as the workspace that it was registered in first has them."""
    if isinstance(spec, dict):
        return {key: in_workspace(value, registry) for key, value in spec.items()}
    if isinstance(spec, list):
        return [in_workspace(value, registry) for value in spec]
    address = parse_reference(spec) if isinstance(spec, str) else None
    if address is None or not address.version or (address.registry or "").lower() != registry.lower():
        return spec
    return f"azureml:{address.name}:{address.version}"
