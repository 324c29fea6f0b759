"""Locks: which release of each pipeline a stack runs, pinned to content. Read and written here, without a cloud."""

from __future__ import annotations

from plumbline.assets.lock.consistency import steps_of
from plumbline.assets.lock.digest import entry_digest, lock_digest, release_of
from plumbline.assets.lock.document import (
    MOST_TEXT,
    Approval,
    Before,
    Duty,
    Evidence,
    Lock,
    LockedSchedule,
    Override,
    Pin,
    Release,
    Rollback,
    Source,
)
from plumbline.assets.lock.errors import LockError
from plumbline.assets.lock.form import lock_text, sealed, sealed_release
from plumbline.assets.lock.reading import lock_path, read_lock, read_lock_text
from plumbline.assets.lock.registry_form import in_registry, in_workspace, registry_reference

__all__ = [
    "MOST_TEXT",
    "Approval",
    "Before",
    "Duty",
    "Evidence",
    "Lock",
    "LockError",
    "LockedSchedule",
    "Override",
    "Pin",
    "Release",
    "Rollback",
    "Source",
    "entry_digest",
    "in_registry",
    "in_workspace",
    "lock_digest",
    "lock_path",
    "lock_text",
    "read_lock",
    "read_lock_text",
    "registry_reference",
    "release_of",
    "sealed",
    "sealed_release",
    "steps_of",
]
