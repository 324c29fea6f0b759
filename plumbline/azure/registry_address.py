"""Where an Azure ML registry and its versions are. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from plumbline.assets.references import COLLECTIONS

DATA_PLANE = "mferp/managementfrontend"
"""Below a region's own address. Source: azure-ai-ml 1.35.2 `_registry_utils.MFE_PATH_PREFIX`."""


@dataclass(frozen=True, kw_only=True)
class RegistryAddress:
    """A registry, by its three names."""

    subscription_id: str
    resource_group_name: str
    name: str

    @property
    def id(self) -> str:
        """Full ARM id."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group_name}"
            f"/providers/Microsoft.MachineLearningServices/registries/{self.name}"
        )

    def version(self, kind: str, name: str, version: str) -> str:
        """ARM id of a version. Args: kind: `environment`, `component`, `data`, or `code`."""
        return f"{self.id}/{COLLECTIONS.get(kind, 'codes')}/{name}/versions/{version}"

    def discovery(self, endpoint: str) -> str:
        """Address that tells where the registry's region is. Args: endpoint: of the cloud's discovery."""
        return f"{endpoint.rstrip('/')}/registrymanagement/v1.0/registries/{self.name}/discovery"
