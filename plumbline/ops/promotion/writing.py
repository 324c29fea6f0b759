"""The lock file and the registry of a stack, as promotion and rollback both need them."""

from __future__ import annotations

import os
from pathlib import Path

from plumbline.assets.lock import Lock, lock_text
from plumbline.ops.errors import UserError
from plumbline.ops.target import stack_outputs


def consumed_registry(project: Path, stack: str) -> str:
    """Name of the registry that a stack consumes, as its last update exported it. Raises: UserError: none."""
    found = stack_outputs(project, stack).get("ml_registry_name")
    if not found:
        raise UserError(
            f"stack {stack}: outputs: got no ml_registry_name, expected a stack that consumes a lock. Set releases: lock "
            f"and mlRegistry in Pulumi.{stack}.yaml, then: pulumi up -s {stack}"
        )
    return str(found)


def write_lock(path: Path, lock: Lock) -> None:
    """Replace a lock at once: an update that reads it meets the old or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(lock_text(lock), encoding="utf-8")
    partial.replace(path)
