"""startPendingUpload: a container of its own for the files of one code version, and a signature that opens it."""

from __future__ import annotations

import uuid

from plumbline.emulator.errors import AzureError
from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.blob.containers import Containers, UPLOAD_PERMISSIONS
from plumbline.emulator.services.machine_learning.asset_place import AssetPlace
from plumbline.emulator.store import Resource

_SCHEMA = (
    """CREATE TABLE pending_upload (version_key TEXT PRIMARY KEY, upload_id TEXT NOT NULL, container TEXT NOT NULL)""",
)


def prepare(store: object) -> None:
    """Create the table."""
    store.migrate("pending_upload", _SCHEMA)  # type: ignore[attr-defined]
