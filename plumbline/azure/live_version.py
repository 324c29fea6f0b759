"""What a live REST body of an asset or schedule says, in the words of our definitions. Pure: who reads is elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.assets import spec_from_rest
from plumbline.azure.normalisation import UPLOADS
from plumbline.azure.registry_form import in_short
from plumbline.kinds import KINDS

CONTENT_HASH_PROPERTY = "plumbline.content_hash"
"""Our mark on what we register: the content hash, where the answer does not show enough to make it again.

Components keep foreign properties (recorded, test_component_with_properties_e2e_flow 2026-03-26). Whether environments,
data and models do is not known; everything here goes on without it.
"""

CODE_HASH_PROPERTY = "plumbline.code_hash"
"""Property on data, models and build contexts that we upload: Azure keeps no content hash of them."""

OWNER_PROPERTY = "plumbline.urn"
"""Property on what we create: after a cut-off run, it tells our own half-done work from someone else's."""

_CODE_ID = re.compile(r"/subscriptions/.+/codes/[^/]+/versions/[^/]+", re.IGNORECASE)
_REGISTRY_CODE = re.compile(
    r"azureml://registries/[^/]+/codes/(?P<name>[^/]+)/versions/(?P<version>[^/]+)", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class LiveVersion:
    """One live version, or schedule.

    Attributes:
        spec: Canonical spec.
        code_hash: Hash of its files; None when it has none or does not say.
        values: Mutable inputs by wire name. Several when Azure keeps a value in more than one place.
        owner: URN that our own marker names, None on what others made.
        content_mark: Content hash that our own mark says, None when there is no mark.
        made_by, made_at: From systemData, in words when Azure does not say.
    """

    spec: Mapping[str, Any]
    code_hash: str | None
    values: Mapping[str, tuple[Any, ...]]
    owner: str | None = None
    content_mark: str | None = None
    made_by: str = "someone unknown"
    made_at: str = "an unknown time"

    def differing(self, name: str, expected: Any) -> Any:
        """The live value of an input: the first that is not as expected, else the expected one."""
        return next((value for value in self.values[name] if value != expected), expected)

    @property
    def divided(self) -> dict[str, list[Any]]:
        """Inputs that Azure keeps in several places which disagree -> what each place says."""
        return {
            name: list(values)
            for name, values in self.values.items()
            if any(value != values[0] for value in values)
        }


def code_id(kind: str, body: Mapping[str, Any]) -> str | None:
    """ARM id of the code asset that a body names, None when it names none."""
    return next(
        (found for text in _codes(kind, body) if _CODE_ID.fullmatch(found := text.removeprefix("azureml:"))),
        None,
    )


def registry_code(kind: str, body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Name and version of the code asset that a body in a registry names, None when it names none."""
    found = next(filter(None, map(_REGISTRY_CODE.fullmatch, _codes(kind, body))), None)
    return (found["name"], found["version"]) if found else None


def _codes(kind: str, body: Mapping[str, Any]) -> Iterator[str]:
    for path in KINDS[kind].code_paths:
        value: Any = body.get("properties")
        for name in path:
            value = (value or {}).get(name)
        yield str(value or "")


def kept_code_hash(code: Mapping[str, Any] | None) -> str | None:
    """The content hash that a code asset's body keeps.

    Source: azure-ai-ml 1.35.2 writes `hash_sha256` beside `hash_version: 202208`; recorded (test_code_asset, 2026-03-27).
    """
    properties = ((code or {}).get("properties") or {}).get("properties") or {}
    found = properties.get("hash_sha256")
    return str(found) if found else None


def live_version(
    kind: str, body: Mapping[str, Any], *, code_hash: str | None = None, registry: str | None = None
) -> LiveVersion:
    """Read a REST body.

    Args:
        code_hash: Optional. Hash of its files, from the code asset or from the files themselves; without it our own mark
            counts for files that were uploaded.
        registry: Optional. Name of the registry that it lies in, whose references it writes out; its files lie nowhere
            that tells them from a path of the user's own.
    """
    properties = body.get("properties") or {}
    system = body.get("systemData") or {}
    kept = properties.get("properties") or {}
    marked = kept.get(CODE_HASH_PROPERTY)
    hashes: list[str | None] = []

    def hash_of(address: str) -> str | None:
        # A path of the user's own has no content hash.
        found = code_hash or (str(marked) if marked and (registry or UPLOADS in address) else None)
        hashes.append(found)
        return found

    spec = spec_from_rest(kind, body, code_hash_of=hash_of)
    if registry:
        spec = in_short(spec, registry)
    return LiveVersion(
        spec=spec,
        code_hash=hashes[0] if hashes else None,
        values=KINDS[kind].values(properties),
        owner=kept.get(OWNER_PROPERTY),
        content_mark=kept.get(CONTENT_HASH_PROPERTY),
        made_by=_maker(system),
        made_at=str(system.get("createdAt") or "an unknown time"),
    )


def _maker(system: Mapping[str, Any]) -> str:
    # Rests on system-data-names.
    name = str(system.get("createdBy") or "someone unknown")
    return f"application {name}" if system.get("createdByType") == "Application" else name
