"""Publishes what a registry does not hold yet, from the commit that holds it, references first."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbline.assets import AssetDefinition, to_az_ml_yaml
from plumbline.assets.lock import Pin, in_registry
from plumbline.azure.registry_address import RegistryAddress
from plumbline.azure.registry_pin import PinFinding
from plumbline.ops.azure_session import AzureSession
from plumbline.ops.errors import UserError
from plumbline.ops.promotion.pins import kinds_of

Say = Callable[[str], None]


def publish(
    session: AzureSession,
    registry: RegistryAddress,
    definitions: Sequence[AssetDefinition],
    pins: list[Pin],
    held: Sequence[PinFinding],
    *,
    root: Path,
    say: Say,
) -> list[str]:
    """Publish every version that is not there; answers their references.

    Args:
        held: What the registry holds of each pin, as it was read before.
        root: The commit's tree, from which files are uploaded.
    Raises: UserError: no right, no answer, or Azure finds fault with a version.
    """
    from plumbline.provider.errors import Refusal
    from plumbline.provider.registry_writer import RegistryWriter

    missing = {one.reference for one in held if one.live_hash is None}
    if not missing:
        return []
    published = []
    try:
        writer = RegistryWriter(_cloud(session), registry)
        for one in definitions:
            if one.reference in missing:
                mapping: Mapping[str, Any] = in_registry(
                    to_az_ml_yaml(one, root=root), registry.name, kinds_of(pins)
                )
                writer.publish(one.kind, mapping, content_hash=one.content_hash, code_hash=one.code_hash)
                say(f"Published {one.kind:11} {one.reference} in {registry.name}")
                published.append(one.reference)
    except Refusal as refusal:
        raise UserError(
            f"{refusal}\nPublished before that: {', '.join(published) or 'nothing'}. Run promote again: it goes on."
        ) from refusal
    return published


def _cloud(session: AzureSession) -> Any:
    from plumbline.provider.cloud import open_cloud
    from plumbline.provider.settings import read_settings

    pins = session.target.pins
    assert pins is not None, "a stack was named"
    given = {"cloud": pins.cloud, "tenantId": pins.tenant_id, "subscriptionId": pins.subscription_id}
    return open_cloud(read_settings(pins.stack, given, os.environ))
