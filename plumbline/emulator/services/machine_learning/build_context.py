"""The build context of an environment: uploaded to another folder it is the same while its files are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plumbline.emulator.executor.storage import Unreachable
from plumbline.emulator.store import Resource

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator


def same(emulator: Emulator, place: Resource, before: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Whether both name a context, with the same files in it.

    Source: azure-ai-ml's test_environment_create_or_update_docker_context puts a version again whose context was
    uploaded to another folder.
    """
    addresses = [str((one.get("build") or {}).get("contextUri") or "") for one in (before, sent)]
    if not all(addresses):
        return False
    storage = emulator.executor.storage
    try:
        trees = [storage.tree(storage.locate(place, address)) for address in addresses]
    except Unreachable:
        return False
    return bool(trees[0].files) and trees[0].digest == trees[1].digest
