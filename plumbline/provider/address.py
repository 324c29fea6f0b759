"""Where assets lie: in a workspace of Azure Resource Manager, or in a registry, which its region serves."""

from __future__ import annotations

from dataclasses import dataclass

from plumbline.azure.api_versions import api_version
from plumbline.kinds import Kind
from plumbline.provider.errors import Refusal

_REGISTRIES = "azureml://registries/"
_REGION_PATH = "mferp/managementfrontend"
"""Below a region's address. Source: azure-ai-ml 1.35.2 `_registry_utils.MFE_PATH_PREFIX`; recorded in registry tests."""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """An Azure ML workspace, by its three names."""

    subscription_id: str
    resource_group: str
    name: str

    @property
    def id(self) -> str:
        """Full ARM id of the workspace."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.name}"
        )

    @property
    def spoken(self) -> str:
        """Its name in a message."""
        return f"workspace {self.name}"

    @property
    def inputs(self) -> dict[str, str]:
        """The inputs that name it."""
        return {"resourceGroupName": self.resource_group, "workspaceName": self.name}

    def container(self, collection: str, name: str) -> str:
        """ARM id of an asset's container, or of a schedule; it is asked there, too."""
        return f"{self.id}/{collection}/{name}"

    def version(self, collection: str, name: str, version: str) -> str:
        """ARM id of one version of an asset; it is asked there, too."""
        return f"{self.container(collection, name)}/versions/{version}"

    def container_id(self, collection: str, name: str) -> str:
        """The id of the resource."""
        return self.container(collection, name)

    def asked_with(self, kind: Kind) -> str:
        """The api-version of an asset's operations."""
        return kind.api_version


@dataclass(frozen=True, kw_only=True)
class Registry:
    """An Azure ML registry as discovery describes it.

    Attributes:
        region: Address of the region that serves it.
    """

    name: str
    subscription_id: str
    resource_group: str
    region: str

    @property
    def id(self) -> str:
        """What it is known by."""
        return f"{_REGISTRIES}{self.name}"

    @property
    def spoken(self) -> str:
        """Its name in a message."""
        return f"registry {self.name}"

    @property
    def inputs(self) -> dict[str, str]:
        """The inputs that name it."""
        return {"registryName": self.name}

    def collection(self, collection: str) -> str:
        """Address at which the containers of a kind are listed."""
        return (
            f"{self.region.rstrip('/')}/{_REGION_PATH}/subscriptions/{self.subscription_id}"
            f"/resourceGroups/{self.resource_group}/providers/Microsoft.MachineLearningServices"
            f"/registries/{self.name}/{collection}"
        )

    def container(self, collection: str, name: str) -> str:
        """Address at which an asset's container is asked."""
        return f"{self.collection(collection)}/{name}"

    def version(self, collection: str, name: str, version: str) -> str:
        """Address at which one version is asked."""
        return f"{self.container(collection, name)}/versions/{version}"

    def container_id(self, collection: str, name: str) -> str:
        """The id of the resource: the same in every region and for every subscription."""
        return registry_container_id(self.name, collection, name)

    def asked_with(self, kind: Kind) -> str:
        """The api-version of an asset's operations: one for all kinds."""
        del kind
        return api_version("registry_region")


Place = Workspace | Registry


def registry_container_id(registry: str, collection: str, name: str) -> str:
    """The id of an asset's container in a registry."""
    return f"{_REGISTRIES}{registry}/{collection}/{name}"


@dataclass(frozen=True, kw_only=True)
class ImportAddress:
    """What an import id says; names that it leaves out are None."""

    name: str
    version: str | None
    resource_group: str | None = None
    workspace: str | None = None
    registry: str | None = None


def parse_import_id(text: str) -> ImportAddress:
    """Read `NAME:VERSION`, `NAME` (a schedule), a full ARM id with or without `/versions/VERSION`, or a registry's id.

    Raises: Refusal: anything else.
    """
    if text.startswith(_REGISTRIES):
        parts = text.removeprefix(_REGISTRIES).strip("/").split("/")
        if len(parts) not in (3, 5) or (len(parts) == 5 and parts[3] != "versions"):
            raise Refusal(
                f"import: id: got {text!r}, expected {_REGISTRIES}REGISTRY/COLLECTION/NAME/versions/VERSION."
            )
        return ImportAddress(registry=parts[0], name=parts[2], version=parts[4] if len(parts) == 5 else None)
    if not text.startswith("/"):
        name, _, version = text.partition(":")
        return ImportAddress(name=name, version=version or None)
    parts = text.strip("/").split("/")
    by_type = {parts[at].lower(): parts[at + 1] for at in range(0, len(parts) - 1, 2)}
    if "workspaces" not in by_type or len(parts) < 10:
        raise Refusal(
            f"import: id: got {text!r}, expected NAME:VERSION or "
            "/subscriptions/S/resourceGroups/G/providers/Microsoft.MachineLearningServices/workspaces/W/KIND/NAME"
            f"/versions/V or {_REGISTRIES}R/KIND/NAME/versions/V."
        )
    return ImportAddress(
        name=parts[9],
        version=by_type.get("versions"),
        resource_group=by_type["resourcegroups"],
        workspace=by_type["workspaces"],
    )
