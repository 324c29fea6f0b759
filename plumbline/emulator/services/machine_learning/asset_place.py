"""Where versioned assets live: a workspace or a registry, with its ids, paths and RBAC names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call
from plumbline.emulator.services.resource_manager import checks
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
REGISTRY_DATA_PLANE_VERSION = "2021-10-01-dataplanepreview"
"""The api-version that azure-ai-ml 1.35.2 asks a registry's region for."""


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

    def action(self, collection: str, verb: str) -> str:
        """RBAC's name of a verb on assets: a registry has one for every kind, the one that its role names.

        Source: the built-in role AzureML Registry User, "registries/assets/*"; learn, "Manage access to Azure Machine
        Learning workspaces": it may read, write and delete a registry's assets.
        """
        if self.noun == "registry":
            return f"{self.type}/assets/{verb.rpartition('/')[2]}"
        return f"{self.type}/{collection}/{verb}"

    def id(self, call: Call) -> str:
        """ARM id of the parent that the path names."""
        names = call.params
        collection = self.type.rsplit("/", 1)[-1]
        return (
            f"/subscriptions/{names['subscription']}/resourceGroups/{names['group']}/providers/{PROVIDER}/"
            f"{collection}/{names[self.noun]}"
        )

    def parent(self, call: Call) -> Resource:
        """The parent. Raises: AzureError: 404 when it is not there; 400 for an api-version that the service lacks."""
        checks.check_version(call, _api_versions(), provider_type=self.type.partition("/")[2])
        found = call.emulator.store.get(self.id(call))
        if found is None:
            name = call.params[self.noun]
            if self.noun == "workspace":
                raise AzureError(
                    404, "WorkspaceNotFound", f"Workspace '{name}' could not be found.", "workspace"
                )
            raise AzureError(404, "RegistryNotFound", f"Registry '{name}' could not be found.", "registry")
        return found

    def shown_id(self, resource: Resource) -> str:
        """The id as answers carry it: registries answer azureml:// ids, never ARM's."""
        if self.noun == "workspace":
            return resource.id
        _, name, rest = resource.id[resource.id.lower().index("/registries/") + 1 :].split("/", 2)
        # Environments in lower case (azure-ai-ml's test_registry_environment_create_conda_and_get), models as named.
        shown = name.lower() if rest.lower().startswith("environments/") else name
        return f"azureml://registries/{shown}/{rest}"


WORKSPACE = AssetPlace(noun="workspace", type=WORKSPACE_TYPE, path=WORKSPACE_PATH)
REGISTRY = AssetPlace(noun="registry", type=REGISTRY_TYPE, path=REGISTRY_PATH)


@cache
def _api_versions() -> tuple[str, ...]:
    table = yaml.load(
        Path(__file__).with_name("types.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    return (*(str(version) for version in table["versions"]), REGISTRY_DATA_PLANE_VERSION)
