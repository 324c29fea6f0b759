"""Where versioned assets live: a workspace or a registry, with its ids, paths and RBAC names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call
from plumbline.emulator.store import Resource

PROVIDER = "Microsoft.MachineLearningServices"
GROUP_PATH = "/subscriptions/{subscription}/resourceGroups/{group}"
WORKSPACES_PATH = f"{GROUP_PATH}/providers/{PROVIDER}/workspaces"
WORKSPACE_PATH = f"{WORKSPACES_PATH}/{{workspace}}"
WORKSPACE_TYPE = f"{PROVIDER}/workspaces"
REGISTRY_PATH = f"{GROUP_PATH}/providers/{PROVIDER}/registries/{{registry}}"
REGISTRY_TYPE = f"{PROVIDER}/registries"
DATA_PLANE = "/mferp/managementfrontend"
"""Prefix under which a registry's own region serves the same resources."""


@dataclass(frozen=True, kw_only=True)
class AssetPlace:
    """A kind of parent for assets.

    Args:
        noun: the path parameter that names the parent.
        type: its ARM type; also the beginning of its children's types and RBAC actions.
        path: its path, with parameters.
    """

    noun: Literal["workspace", "registry"]
    type: str
    path: str

    def id(self, call: Call) -> str:
        """ARM id of the parent that the path names."""
        names = call.params
        collection = self.type.rsplit("/", 1)[-1]
        return (
            f"/subscriptions/{names['subscription']}/resourceGroups/{names['group']}/providers/{PROVIDER}/"
            f"{collection}/{names[self.noun]}"
        )

    def parent(self, call: Call) -> Resource:
        """The parent. Raises: AzureError: 404 when it is not there."""
        found = call.emulator.store.get(self.id(call))
        if found is None:
            name = call.params[self.noun]
            if self.noun == "workspace":
                raise AzureError(404, "WorkspaceNotFound", f"Workspace '{name}' could not be found.", "workspace")
            raise AzureError(404, "RegistryNotFound", f"Registry '{name}' could not be found.", "registry")
        return found

    def shown_id(self, resource: Resource) -> str:
        """The id as answers carry it: registries answer azureml:// ids, never ARM's."""
        if self.noun == "workspace":
            return resource.id
        return "azureml://" + resource.id[resource.id.lower().index("/registries/") + 1 :]


WORKSPACE = AssetPlace(noun="workspace", type=WORKSPACE_TYPE, path=WORKSPACE_PATH)
REGISTRY = AssetPlace(noun="registry", type=REGISTRY_TYPE, path=REGISTRY_PATH)
