"""What a live REST body says, in the words of our inputs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.assets import canonical_text, spec_from_rest
from plumbline.provider.client import OWNER_PROPERTY

CODE_API_VERSION = "2023-04-01"  # azure-ai-ml 1.35.2 CodeVersionsOperations


@dataclass(frozen=True, kw_only=True)
class LiveObject:
    """One live version, or schedule.

    Attributes:
        spec: Canonical JSON text.
        code_hash: Hash of its code as the code asset says it; None when it has no code or does not say.
        values: Mutable inputs by wire name. Several when Azure keeps a value in more than one place.
        owner: URN that our own marker names, None on what others made.
        made_by, made_at: From systemData, in words when Azure does not say.
    """

    spec: str
    code_hash: str | None
    values: Mapping[str, tuple[Any, ...]]
    owner: str | None
    made_by: str
    made_at: str

    def differing(self, name: str, expected: Any) -> Any:
        """The live value of an input: the first that is not as expected, else the expected one."""
        return next((value for value in self.values[name] if value != expected), expected)


class _CodeNeeded(Exception):
    def __init__(self, code_id: str) -> None:
        self.code_id = code_id
        super().__init__(code_id)


async def live_object(
    kind: str, body: Mapping[str, Any], *, code_hash_of: Callable[[str], Awaitable[str | None]]
) -> LiveObject:
    """Read a REST body; asks for the hash of each code asset that it names."""
    hashes: dict[str, str | None] = {}

    def known(code_id: str) -> str | None:
        if code_id not in hashes:
            raise _CodeNeeded(code_id)
        return hashes[code_id]

    while True:
        try:
            spec = spec_from_rest(kind, body, code_hash_of=known)
            break
        except _CodeNeeded as needed:
            hashes[needed.code_id] = await code_hash_of(needed.code_id)
    properties = body.get("properties") or {}
    system = body.get("systemData") or {}
    return LiveObject(
        spec=canonical_text(spec),
        code_hash=next(iter(hashes.values()), None),
        values=_values(kind, properties),
        owner=(properties.get("properties") or {}).get(OWNER_PROPERTY),
        made_by=_maker(system),
        made_at=str(system.get("createdAt") or "an unknown time"),
    )


def _maker(system: Mapping[str, Any]) -> str:
    name = str(system.get("createdBy") or "someone unknown")
    return f"application {name}" if system.get("createdByType") == "Application" else name


def is_true(value: Any) -> bool:
    """A boolean of a REST body; Azure answers some of them as text."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _values(kind: str, properties: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    if kind == "schedule":
        enabled = properties.get("isEnabled")
        return {
            "displayName": (properties.get("displayName") or None,),
            "description": (properties.get("description") or None,),
            "tags": (_tags(properties.get("tags")),),
            # Left out means true: azure-ai-ml does not send it on create.
            "enabled": (enabled is None or is_true(enabled),),
        }
    values: dict[str, tuple[Any, ...]] = {
        "description": (properties.get("description") or None,),
        "tags": (_tags(properties.get("tags")),),
        "archived": (is_true(properties.get("isArchived")),),
    }
    if kind == "component":
        # Azure keeps both twice, and `az ml` shows those of the spec: an edit of either is drift. A place that
        # has none at all says nothing.
        spec = properties.get("componentSpec") or {}
        values["displayName"] = (spec.get("display_name") or None,)
        if "description" in spec:
            values["description"] = (*values["description"], spec["description"] or None)
        if "tags" in spec:
            values["tags"] = (*values["tags"], _tags(spec["tags"]))
    return values


def _tags(value: Any) -> dict[str, str]:
    return {key: str(member) for key, member in (value or {}).items() if member is not None}
