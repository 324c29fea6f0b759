"""Data and environments as evidence tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plumbline.assets import is_content_version, version_from_hash
from plumbline.ops.release.live_asset import LiveAsset


def data_entry(input_name: str, asset: LiveAsset) -> dict[str, Any]:
    """A data asset that the job got."""
    return {
        "input": input_name,
        "name": asset.name,
        "version": asset.version,
        "content_hash": asset.content_hash,
        "files_hash": asset.code_hash,
        "version_follows_from_content": asset.genuine,
        "registered_by": asset.created_by,
    }


def environment_entry(asset: LiveAsset, steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An environment that components name, with what the steps that ran in it say of it."""
    return {
        "name": asset.name,
        "version": asset.version,
        "content_hash": asset.content_hash,
        "version_follows_from_content": asset.genuine,
        **locked(asset.reference, steps),
    }


def locked(reference: str, steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Lock and Python of an environment: those of the first step that ran in it and has a lock."""
    used = [step for step in steps if step["environment"] == reference and step["lock_sha256"]]
    return {name: used[0][name] if used else None for name in ("lock_sha256", "python")}


def follows(version: str, content_hash: str | None) -> bool | None:
    """Whether a version follows from a content hash; None when it stands for no content, or there is none."""
    if content_hash is None or not is_content_version(version):
        return None
    return version == version_from_hash(content_hash)
