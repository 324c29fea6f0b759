"""Where things lie in Azure Resource Manager."""

from __future__ import annotations

from dataclasses import dataclass

from plumbline.provider.errors import Refusal


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

    def container(self, collection: str, name: str) -> str:
        """ARM id of an asset's container, or of a schedule."""
        return f"{self.id}/{collection}/{name}"

    def version(self, collection: str, name: str, version: str) -> str:
        """ARM id of one version of an asset."""
        return f"{self.id}/{collection}/{name}/versions/{version}"


@dataclass(frozen=True, kw_only=True)
class ImportAddress:
    """What an import id says; names that it leaves out are None."""

    name: str
    version: str | None
    resource_group: str | None = None
    workspace: str | None = None


def parse_import_id(text: str) -> ImportAddress:
    """Read `NAME:VERSION`, `NAME` (a schedule), or a full ARM id with or without `/versions/VERSION`.

    Raises: Refusal: anything else.
    """
    if not text.startswith("/"):
        name, _, version = text.partition(":")
        return ImportAddress(name=name, version=version or None)
    parts = text.strip("/").split("/")
    by_type = {parts[at].lower(): parts[at + 1] for at in range(0, len(parts) - 1, 2)}
    if "workspaces" not in by_type or len(parts) < 10:
        raise Refusal(
            f"import: id: got {text!r}, expected NAME:VERSION or "
            "/subscriptions/S/resourceGroups/G/providers/Microsoft.MachineLearningServices/workspaces/W/KIND/NAME"
            "/versions/V."
        )
    return ImportAddress(
        name=parts[9],
        version=by_type.get("versions"),
        resource_group=by_type["resourcegroups"],
        workspace=by_type["workspaces"],
    )
