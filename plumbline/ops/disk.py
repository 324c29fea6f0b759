"""Free space: asked for before work starts, because half-written files cost more than a refusal."""

from __future__ import annotations

import shutil
from pathlib import Path

from plumbline.ops.errors import UserError

# A whole local stack with its state, its emulator's database and a run's files stays below this; environments and the
# engine are larger and are asked for by `plumbline doctor` and by their own builds.
NEEDED_MIB = 256


def require_space(folder: Path, *, needed_mib: int = NEEDED_MIB) -> None:
    """Raises: UserError: the disk that holds the folder has less free space."""
    free = shutil.disk_usage(folder).free / 2**20
    if free < needed_mib:
        raise UserError(
            f"disk: got {free:.0f} MiB free at {folder}, expected at least {needed_mib}. "
            "Nothing was begun. Free some space, then try again."
        )
