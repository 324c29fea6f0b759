"""A live version in a workspace or a registry, read with the code asset that its body names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.azure.api_versions import api_version
from plumbline.azure.live_version import LiveVersion, code_id, kept_code_hash, live_version, registry_code
from plumbline.kinds import Kind
from plumbline.provider.address import Place, Registry
from plumbline.provider.reader import Reader


async def understood(reader: Reader, kind: Kind, place: Place, body: Mapping[str, Any]) -> LiveVersion:
    """Read a version's body; Azure keeps the hash of its code beside it.

    Raises: Refusal: no right, no answer.
    """
    if isinstance(place, Registry):
        code = registry_code(kind.name, body)
        path = place.version("codes", *code) if code else None
        kept = await reader.get_unchanging(path, api_version=place.asked_with(kind)) if path else None
        return live_version(kind.name, body, code_hash=kept_code_hash(kept), registry=place.name)
    path = code_id(kind.name, body)
    kept = await reader.get_unchanging(path, api_version=api_version("codes")) if path else None
    return live_version(kind.name, body, code_hash=kept_code_hash(kept))
