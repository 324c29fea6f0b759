"""The files on disk beside the files that were planned: what is uploaded is what the preview showed."""

from __future__ import annotations

from pathlib import Path

from plumbline.assets import AssetDefinition, hash_code, hash_data
from plumbline.kinds import KINDS
from plumbline.provider.errors import Refusal


def require_planned_code(definition: AssetDefinition, root: Path) -> None:
    """Hash the files again, right before they go up.

    Raises: Refusal: they are gone, or no longer those that the content hash was made of.
    """
    if definition.code_hash is None or definition.code_path is None:
        return
    where = f"{definition.source or definition.name}: code"
    path = root / definition.code_path
    try:
        if KINDS[definition.kind].code_paths:
            live = hash_code(path, includes=[root / include for include in definition.includes]).hash
        else:
            live = hash_data(path).hash
    except FileNotFoundError as error:
        raise Refusal(
            f"{where}: got no {definition.code_path} on disk, expected the files of the preview. "
            "Run the command again from the project's folder."
        ) from error
    if live != definition.code_hash:
        raise Refusal(
            f"{where}: got files with hash {live}, expected {definition.code_hash}: what was planned is not what is "
            "on disk. Nothing was uploaded. Run the preview again."
        )
