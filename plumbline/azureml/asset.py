"""What every versioned asset has in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi

from plumbline.assets import AssetDefinition
from plumbline.azureml.output import output
from plumbline.azureml.registrations import wait_for_registrations_first
from plumbline.kinds import Kind
from plumbline.kinds.definition_inputs import asset_inputs

ASSETS: dict[str, type[Asset]] = {}
"""Kind of a definition -> the class that registers it."""


class Asset(pulumi.CustomResource):
    """A versioned Azure ML asset: the resource is its container, `version` the current content.

    New content is an update that adds a version; older versions are never touched. Equal content that exists
    already is adopted. Deleting the resource archives the versions that it registered, and no others.

    Outputs:
        id: Full ARM id of the container, in a registry azureml://registries/R/KIND/NAME; known after create.
    """

    kind: ClassVar[Kind]

    def __init_subclass__(cls, **options: Any) -> None:
        """Note the class as the one that registers definitions of its kind."""
        super().__init_subclass__(**options)
        ASSETS[cls.kind.name] = cls

    def __init__(
        self,
        resource_name: str,
        *,
        definition: AssetDefinition,
        resource_group_name: pulumi.Input[str] | None = None,
        workspace_name: pulumi.Input[str] | None = None,
        registry_name: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the asset.

        Args:
            resource_name: Required. Logical name in the stack.
            definition: Required. As `plumbline.assets.load_ml_pipelines` read it.
            resource_group_name: Required with workspace_name. Its resource group; a change replaces.
            workspace_name: Required, or registry_name. Workspace to register in; a change replaces. May be unknown in preview.
            registry_name: Required, or workspace_name. Registry to register in, of whichever subscription; what the
                definition refers to is taken from that registry too. A change replaces.
            opts: Optional. As on every resource; `ignore_changes=["description", "tags"]` leaves those to others.
        Raises: TypeError: the definition is one of another kind, or the place is none or two.
        """
        if definition.kind != self.kind.name:
            raise TypeError(
                f"{resource_name}: definition: got kind {definition.kind}, expected {self.kind.name}."
            )
        require_one_place(resource_name, resource_group_name, workspace_name, registry_name)
        wait_for_registrations_first()
        super().__init__(
            self.kind.token,
            resource_name,
            _inputs(definition, resource_group_name, workspace_name, registry_name),
            opts,
        )

    resource_group_name: pulumi.Output[str | None] = output("resourceGroupName")
    """Resource group of the workspace, None in a registry."""

    workspace_name: pulumi.Output[str | None] = output("workspaceName")
    """Workspace that the asset is registered in, None in a registry."""

    registry_name: pulumi.Output[str | None] = output("registryName")
    """Registry that the asset is registered in, None in a workspace."""

    name: pulumi.Output[str] = output("name")
    """Name of the container, known in preview."""

    version: pulumi.Output[str] = output("version")
    """Version of the current content, known in preview (but for a model that declares none)."""

    reference: pulumi.Output[str] = output("reference")
    """`NAME:VERSION`, the pin of a pipeline job, known in preview."""

    content_hash: pulumi.Output[str] = output("contentHash")
    """SHA-256 over kind and spec, 64 hex digits, known in preview."""

    code_hash: pulumi.Output[str | None] = output("codeHash")
    """Hash of the uploaded files, None when nothing is uploaded; known in preview."""

    registered_versions: pulumi.Output[Sequence[str]] = output("registeredVersions")
    """Versions that this resource registered or restored, oldest first, known after create."""

    display_name: pulumi.Output[str | None] = output("displayName")
    """Name shown in the studio; components only."""

    description: pulumi.Output[str | None] = output("description")
    """Free text shown in the studio."""

    tags: pulumi.Output[Mapping[str, str] | None] = output("tags")
    """Tags of the current version."""

    archived: pulumi.Output[bool] = output("archived")
    """Whether the current version is archived."""


_OUTPUTS = frozenset(
    {
        "version",
        "description",
        "reference",
        "registeredVersions",
        "archived",
    }
)
"""What the provider answers though the program may not say it: declared, so that it is there before the first answer."""


def require_one_place(where: str, resource_group_name: Any, workspace_name: Any, registry_name: Any) -> None:
    """An asset lies in a workspace or in a registry. Raises: TypeError: no place, half of one, or two."""
    workspace = [value is not None for value in (resource_group_name, workspace_name)]
    if any(workspace) if registry_name is not None else not all(workspace):
        raise TypeError(
            f"{where}: got no place or two, expected resource_group_name with workspace_name, or registry_name."
        )


def _inputs(
    definition: AssetDefinition,
    resource_group_name: pulumi.Input[str] | None,
    workspace_name: pulumi.Input[str] | None,
    registry_name: pulumi.Input[str] | None,
) -> dict[str, Any]:
    inputs: dict[str, Any] = {
        "resourceGroupName": resource_group_name,
        "workspaceName": workspace_name,
        "registryName": registry_name,
        **asset_inputs(definition),
        # Outputs only, declared so that they are there before the first answer.
        "reference": None,
        "registeredVersions": None,
        "archived": None,
    }
    # Every input costs the engine's language host, also one that says nothing.
    return {name: value for name, value in inputs.items() if value is not None or name in _OUTPUTS}
