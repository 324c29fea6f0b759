"""The exact version behind a foreign reference, as workspace or registry answers it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from plumbline.assets.references import COLLECTIONS, Address
from plumbline.azure.api_versions import api_version, api_version_at
from plumbline.azure.clouds import cloud_at, registry_discovery_of
from plumbline.ops.errors import UserError

if TYPE_CHECKING:
    from plumbline.assets import AssetKind, ForeignReference
    from plumbline.ops.azure_session import AzureSession

LATEST = "latest"
_CURATED_REGISTRY = "azureml"
_REGION_PATH = "mferp/managementfrontend"


class Newest:
    """Look-ups of one workspace, and of whatever registries the references name.

    Source: azure-ai-ml 1.35.2 `_get_latest_version_from_container`, `RegistryDiscovery`.
    """

    def __init__(self, session: AzureSession) -> None:
        self._session = session
        self._registry = cache(self._discovered)

    def of(self, references: Sequence[ForeignReference]) -> list[str | None]:
        """Exact references, read side by side; None for what is not there.

        Raises: UserError: no login, no right, no answer, a label that says nothing, or no such registry.
        """
        curated = [_CURATED_REGISTRY for one in references if one.address.curated]
        for name in {*(one.address.registry for one in references if one.address.registry), *curated}:
            self._registry(name)  # once each, before the threads ask
        return self._session.side_by_side(lambda one: self._exact(one.address, one.kind), references)

    def place(self, address: Address) -> str:
        """Where a reference is looked up, in words."""
        if address.registry:
            return f"registry {address.registry}"
        return f"workspace {self._session.target.workspace_name}"

    def _exact(self, address: Address, kind: AssetKind) -> str | None:
        if address.label not in (None, LATEST):
            raise UserError(
                f"{address}: got the label {address.label}, expected @latest or a version: other labels do not say what "
                "they point to. Write one of the two."
            )
        found = self._found(address, kind)
        if found is None and address.curated:
            # A workspace shows what Azure keeps for all; where it does not, Azure's own registry has it by the same name.
            found = self._found(replace(address, registry=_CURATED_REGISTRY), kind)
        if found is None:
            if not address.registry:
                self._session.require_workspace()
            return None
        version = address.version or _version(found)
        return str(replace(address, version=version, label=None, collection=COLLECTIONS[kind]))

    def _found(self, address: Address, kind: AssetKind) -> Any:
        """The body of a version, or of the newest that is not archived; None when it is not there."""
        base, asked_with = self._container(address, kind)
        if address.version:
            return self._session.get(f"{base}/versions/{address.version}", api_version=asked_with)
        query = {"$orderBy": "createdtime desc", "$top": "1", "listViewType": "ActiveOnly"}
        page = self._session.get(f"{base}/versions", api_version=asked_with, **query)
        return next(iter((page or {}).get("value") or ()), None)

    def _container(self, address: Address, kind: AssetKind) -> tuple[str, str]:
        """The address of an asset's container, and the api-version to ask it with."""
        tail = f"{COLLECTIONS[kind]}/{address.name}"
        if address.registry:
            return f"{self._registry(address.registry)}/{tail}", api_version("registry_region")
        path = f"{self._session.target.workspace_id}/{tail}"
        return path, api_version_at(path)

    def _discovered(self, name: str) -> str:
        """The address of a registry at the region that serves it."""
        cloud = cloud_at(self._session.target.endpoint)
        base = registry_discovery_of(cloud or "") or os.environ.get("REGISTRY_DISCOVERY_ENDPOINT_URL") or ""
        if not base:
            raise UserError(
                f"registry {name}: got a cloud that names no discovery of registries, expected "
                "REGISTRY_DISCOVERY_ENDPOINT_URL to be set. Set it to the cloud's."
            )
        path = f"{base.rstrip('/')}/registrymanagement/v1.0/registries/{name}/discovery"
        found: Any = self._session.get(path, api_version=api_version("registry_discovery"))
        if found is None:
            raise UserError(
                f"registry {name}: got no registry of this name, expected one. Correct the reference."
            )
        return (
            f"{str(found['primaryRegionResourceProviderUri']).rstrip('/')}/{_REGION_PATH}"
            f"/subscriptions/{found['subscriptionId']}/resourceGroups/{found['resourceGroup']}"
            f"/providers/Microsoft.MachineLearningServices/registries/{name}"
        )


def _version(body: Any) -> str:
    """The version of a body: a registry's models answer the model's name under `name` (recorded 2024-05-03)."""
    return str(body["id"]).rstrip("/").rpartition("/")[2]
