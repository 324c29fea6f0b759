"""Where an import id points: what it leaves out comes from the provider's settings."""

from __future__ import annotations

from plumbline.provider.address import Place, parse_import_id
from plumbline.provider.errors import Refusal
from plumbline.provider.kinds.kind import Context


async def import_address(context: Context, id: str, *, versioned: bool) -> tuple[Place, str, str]:
    """Place, name and version (empty for what has none) of an import id.

    Raises: Refusal: the id leaves out what no setting gives.
    """
    assert context.cloud is not None
    wanted, settings = parse_import_id(id), context.cloud.settings
    if wanted.registry and wanted.version:
        return await context.cloud.registry(wanted.registry), wanted.name, wanted.version
    group = wanted.resource_group or settings.get("resourceGroupName")
    workspace = wanted.workspace or settings.get("workspaceName")
    if not (group and workspace) or (versioned and not wanted.version):
        form = "NAME:VERSION" if versioned else "NAME"
        raise Refusal(
            f"import: id: got {id!r}, expected {form} with AZURE_RESOURCE_GROUP and AZUREML_WORKSPACE_NAME set (or "
            "plumbline:resourceGroupName and plumbline:workspaceName), or the full ARM id"
            f"{' of the version' if versioned else ''}."
        )
    return context.cloud.workspace(group, workspace), wanted.name, wanted.version or ""
