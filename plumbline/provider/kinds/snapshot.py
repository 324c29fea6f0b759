"""The files on disk beside the files that were planned: what is uploaded is what the preview showed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from plumbline.assets import AssetDefinition, CodeSnapshot, ScheduleDefinition, hash_code, hash_data
from plumbline.kinds import KINDS
from plumbline.provider.errors import Refusal


def require_planned_code(definition: AssetDefinition, root: Path) -> None:
    """Hash the files again, right before they go up.

    Raises: Refusal: they are gone, or no longer those that the content hash was made of.
    """
    if definition.code_hash is None or definition.code_path is None:
        return
    includes = [root / include for include in definition.includes]
    path = root / definition.code_path
    _require(
        f"{definition.source or definition.name}: code",
        definition.code_path,
        definition.code_hash,
        lambda: hash_code(path, includes=includes) if KINDS[definition.kind].code_paths else hash_data(path),
    )


def require_planned_code_of_job(definition: ScheduleDefinition, root: Path) -> None:
    """The same for the code of the command job that a schedule starts."""
    planned = str(definition.fields["create_job"].get("code") or "").removeprefix("sha256:")
    if planned and definition.code_path is not None:
        path = root / definition.code_path
        where = f"{definition.source or definition.name}: create_job.code"
        _require(where, definition.code_path, planned, lambda: hash_code(path))


def _require(where: str, shown: str, planned: str, hashed: Callable[[], CodeSnapshot]) -> None:
    try:
        live = hashed().hash
    except FileNotFoundError as error:
        raise Refusal(
            f"{where}: got no {shown} on disk, expected the files of the preview. "
            "Run the command again from the project's folder."
        ) from error
    if live != planned:
        raise Refusal(
            f"{where}: got files with hash {live}, expected {planned}: what was planned is not what is "
            "on disk. Nothing was uploaded. Run the preview again."
        )
